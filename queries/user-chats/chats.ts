import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';
import { encodePosition } from '../../events/position.ts';
import { pageLimit } from '../answers.ts';
import type { ChatSummary } from '../api.ts';
import { lastMessage } from '../chat-history/messages.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { PAGE_MAX, type QueryDeps } from '../deps.ts';
import { laggingOf, positionFor } from '../parked/lagging.ts';
import { peerOf } from './chat.ts';
import { type SeenRow, seenRows } from './rows.ts';

export interface ChatsAsked {
  changedAfter?: number;
  cursor?: string;
  limit: number;
}

/**
 * A user's present chats, newest message first. A chat that moves up while the list is paged is not met again further
 * down; therefore every page has the `position` of the first one, and `changedAfter` it finds what moved.
 */
export async function chats(
  deps: QueryDeps,
  userId: UserId,
  asked: ChatsAsked,
): Promise<Outcome<{ chats: ChatSummary[]; next: string | null; position: string }>> {
  const place =
    asked.cursor === undefined ? await firstPage(deps, userId, asked) : decodeCursor(asked.cursor, ['n', 'n', 'n?']);
  if (!place.ok) return place;
  const [before, position, changedAfter] = place.value as [number | null, number, number | null];
  const limit = pageLimit(asked.limit, PAGE_MAX);
  const rows = await deps.userChats.chatsOf(userId, {
    limit: limit + 1,
    ...(before === null ? {} : { before }),
    ...(changedAfter === null ? {} : { changedAfter }),
  });
  const page = rows.slice(0, limit);
  const summaries = await Promise.all((await seenRows(deps, userId, page)).map((seen) => summary(deps, seen)));
  const found: ChatSummary[] = [];
  for (const each of summaries) {
    if (!each.ok) return each;
    found.push(each.value);
  }
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  const next = more ? encodeCursor([last.orderPosition, position, changedAfter]) : null;
  return accepted({ chats: found, next, position: encodePosition(deps.epoch, position) });
}

const firstPage = async (deps: QueryDeps, userId: UserId, asked: ChatsAsked): Promise<Outcome<(number | null)[]>> =>
  accepted([null, await positionFor(deps, userId), asked.changedAfter ?? null]);

async function summary(deps: QueryDeps, seen: SeenRow): Promise<Outcome<ChatSummary>> {
  const { row, viewer } = seen;
  const readSeq = Math.max(row.readSeq, viewer.since);
  const [last, unread] = await Promise.all([lastMessage(deps, viewer, row.headSeq), unreadAfter(deps, seen, readSeq)]);
  if (!last.ok) return last;
  return accepted({
    chatId: row.chatId,
    kind: row.kind,
    title: row.title,
    ...peerOf(row.chatId, viewer.userId),
    memberCount: row.memberCount,
    headSeq: row.headSeq,
    visibleFrom: viewer.sight.visibleFrom,
    lastMessage: last.value,
    unread,
    readSeq,
    ...(seen.parked && (await laggingOf(deps, seen.parked))),
  });
}

/** Sending moves the sender's mark, so that whatever came after the mark is by others. */
async function unreadAfter(deps: QueryDeps, { row }: SeenRow, readSeq: number): Promise<number> {
  if (row.lastMessageSeq <= readSeq) return 0;
  return row.messageCount - (await deps.chatHistory.numberThrough(row.chatId, readSeq));
}
