import { isDeepStrictEqual } from 'node:util';
import type { ChatId, UserId } from '../../../../events/ids.ts';
import type { ChatHistoryReader } from '../../../../queries/chat-history/view.ts';
import type { ChatLogReader } from '../../../../queries/chat-log/view.ts';
import type { MembersReader } from '../../../../queries/members/view.ts';
import type { UserChatsReader } from '../../../../queries/user-chats/view.ts';
import type { UsersReader } from '../../../../queries/users/view.ts';

/** The views of one engine, as queries read them. */
export interface ViewReaders {
  readonly chatHistory: ChatHistoryReader;
  readonly chatLog: ChatLogReader;
  readonly members: MembersReader;
  readonly userChats: UserChatsReader;
  readonly users: UsersReader;
}

export interface Difference {
  readonly chatId: string;
  readonly seq: number;
  readonly what: string;
}

export interface Compared {
  rows: number;
  readonly differences: Difference[];
}

type Both<R> = { readonly right: R; readonly found: R };

const PAGE_MESSAGES = 200;
const PAGE_EVENTS = 1_000;
const PAGE_MEMBERS = 1_000;
const ALL_REACTIONS = 1_000;

/** A chat's messages, their changes, and its log, page by page: what is `right` against what was `found`. */
export async function compareHistory(views: Both<ViewReaders>, chatId: ChatId): Promise<Compared> {
  const compared: Compared = { rows: 0, differences: [] };
  const head = await views.right.chatHistory.head(chatId);
  check(compared, { chatId, seq: head, what: 'head' }, [head, await views.found.chatHistory.head(chatId)]);
  for (let after = 0; after < head; ) {
    const ask = { through: head, limit: PAGE_MESSAGES, after };
    const right = await views.right.chatHistory.page(chatId, ask);
    const found = new Map((await views.found.chatHistory.page(chatId, ask)).map((facts) => [facts.sent.seq, facts]));
    for (const facts of right) {
      const { seq } = facts.sent;
      check(compared, { chatId, seq, what: 'message' }, [facts, found.get(seq)]);
      found.delete(seq);
      if (facts.fold !== null) await compareReactions(views, compared, { chatId, seq, head });
    }
    for (const seq of found.keys()) compared.differences.push({ chatId, seq, what: 'message: is not in the log' });
    after = right.at(-1)?.sent.seq ?? head;
  }
  for (let after = 0; after < head; after += PAGE_EVENTS) {
    const ask = { after, limit: PAGE_EVENTS, through: head };
    const found = await views.found.chatLog.events(chatId, ask);
    for (const [index, event] of (await views.right.chatLog.events(chatId, ask)).entries()) {
      check(compared, { chatId, seq: event.seq, what: 'event' }, [event, found[index]]);
    }
  }
  return compared;
}

async function compareReactions(
  { right, found }: Both<ViewReaders>,
  compared: Compared,
  { chatId, seq, head }: { chatId: ChatId; seq: number; head: number },
): Promise<void> {
  for (let afterRev = 0; ; ) {
    const ask = { through: head, afterRev, limit: ALL_REACTIONS };
    const page = await right.chatHistory.reactions(chatId, seq, ask);
    const same = await found.chatHistory.reactions(chatId, seq, ask);
    check(compared, { chatId, seq, what: 'reactions' }, [page, same]);
    if (page.nextRev === null) return;
    afterRev = page.nextRev;
  }
}

/** Who was in a chat when, and what it was called. */
export async function compareMembers(
  { right, found }: Both<ViewReaders>,
  { chatId, everIn }: { chatId: ChatId; everIn: Iterable<UserId> },
): Promise<Compared> {
  const compared: Compared = { rows: 0, differences: [] };
  const settings = await right.members.settings(chatId);
  const seq = settings?.headSeq ?? 0;
  check(compared, { chatId, seq, what: 'settings' }, [settings, await found.members.settings(chatId)]);
  for (const userId of everIn) {
    const stays = await Promise.all([right.members.stays(chatId, userId), found.members.stays(chatId, userId)]);
    check(compared, { chatId, seq, what: `stays of ${userId}` }, stays);
    for (const stay of stays[0].stays) {
      for (const through of [stay.from, stay.to ?? seq]) {
        const frames = [right.members.frameAsOf(chatId, through), found.members.frameAsOf(chatId, through)];
        check(compared, { chatId, seq: through, what: 'title and number of members' }, await Promise.all(frames));
      }
    }
  }
  for (let after: UserId | undefined; ; ) {
    const ask = { through: seq, limit: PAGE_MEMBERS, ...(after !== undefined && { after }) };
    const pages = await Promise.all([right.members.membersAsOf(chatId, ask), found.members.membersAsOf(chatId, ask)]);
    check(compared, { chatId, seq, what: 'members' }, pages);
    if (pages[0].length < PAGE_MEMBERS) return compared;
    after = pages[0].at(-1)?.userId;
  }
}

/** The list of a user's chats, with what is unread. */
export async function compareUserChats({ right, found }: Both<ViewReaders>, userId: UserId): Promise<Compared> {
  const compared: Compared = { rows: 0, differences: [] };
  for (let before: number | undefined; ; ) {
    const ask = { limit: PAGE_MESSAGES, ...(before !== undefined && { before }) };
    const rows = await right.userChats.chatsOf(userId, ask);
    const others = new Map((await found.userChats.chatsOf(userId, ask)).map((row) => [row.chatId, row]));
    for (const row of rows) {
      const place = { chatId: row.chatId, seq: row.headSeq, what: `the chat in the list of ${userId}` };
      check(compared, place, [row, others.get(row.chatId)]);
      others.delete(row.chatId);
    }
    for (const row of others.values()) {
      compared.differences.push({ chatId: row.chatId, seq: row.headSeq, what: `is not a chat of ${userId}` });
    }
    if (rows.length < PAGE_MESSAGES) return compared;
    before = rows.at(-1)?.orderPosition;
  }
}

export async function compareUser({ right, found }: Both<ViewReaders>, userId: UserId): Promise<Compared> {
  const compared: Compared = { rows: 0, differences: [] };
  const rows = await Promise.all([right.users.user(userId), found.users.user(userId)]);
  check(compared, { chatId: '', seq: 0, what: `user ${userId}` }, rows);
  return compared;
}

function check(compared: Compared, place: Difference, [right, found]: readonly unknown[]): void {
  compared.rows += 1;
  if (isDeepStrictEqual(right, found)) return;
  const what = found === undefined || found === null ? `${place.what}: is missing` : `${place.what}: differs`;
  compared.differences.push({ ...place, what });
}
