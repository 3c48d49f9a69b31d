import type { Role } from '../../events/chat.ts';
import { applyEvent, type ChatView, emptyChat, type MessageView } from '../../events/chat-view.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { ChatId, MessageId, UserId } from '../../events/ids.ts';
import type { AsOf, Diff } from '../api.ts';
import { chatEvents } from '../chat-log/chat-events.ts';
import { membersDiff } from './frame.ts';

/** The net change of a chat, as whoever may read all of it sees it. */
export interface LogDiff extends Pick<Diff, 'edited' | 'members' | 'title'> {
  readonly chatId: ChatId;
  readonly from: AsOf;
  readonly to: AsOf;
  /** As they stand at `to`. */
  readonly added: MessageView[];
  /** As they stood at `from`. */
  readonly deleted: MessageView[];
  readonly reactions: { messageId: MessageId; emoji: string; added: UserId[]; removed: UserId[] }[];
}

/**
 * The net change between two seqs, from the log alone: it needs no view, so that it says what was so while views are
 * rebuilt, and of any log there is. Of what came before `from` only the messages are kept that changed after it.
 */
export async function diffOfLog(log: EventLog, chatId: ChatId, range: { from: number; to: number }): Promise<LogDiff> {
  const changed = await changedIn(log, chatId, range);
  const view = emptyChat(chatId);
  for await (const event of chatEvents(log, chatId, { through: range.from })) {
    applyEvent(view, event);
    if (event.type === 'MessageSent' && !changed.has(event.data.messageId)) view.messages.delete(event.data.messageId);
  }
  const before = snapshotOf(view);
  for await (const event of chatEvents(log, chatId, { after: range.from, through: range.to })) applyEvent(view, event);
  return netChange(before, snapshotOf(view));
}

/** The messages of before that were changed in between. */
async function changedIn(
  log: EventLog,
  chatId: ChatId,
  { from, to }: { from: number; to: number },
): Promise<ReadonlySet<MessageId>> {
  const changed = new Set<MessageId>();
  for await (const { data } of chatEvents(log, chatId, { after: from, through: to })) {
    if ('messageSeq' in data && data.messageSeq <= from) changed.add(data.messageId);
  }
  return changed;
}

/** Messages are replaced and never mutated, so what the maps hold now stays as it is. */
const snapshotOf = (view: ChatView): ChatView => ({
  ...view,
  members: new Map(view.members),
  messages: new Map(view.messages),
});

function netChange(before: ChatView, after: ChatView): LogDiff {
  const messages = [...after.messages.values()];
  const both = messages.flatMap((now) => {
    const was = before.messages.get(now.messageId);
    return was === undefined ? [] : [{ was, now }];
  });
  const standing = both.filter(({ now }) => !now.deleted);
  return {
    chatId: after.chatId,
    from: { seq: before.seq, at: before.at },
    to: { seq: after.seq, at: after.at },
    added: messages.filter((now) => !before.messages.has(now.messageId) && !now.deleted),
    edited: standing
      .filter(({ was, now }) => was.text !== now.text)
      .map(({ was, now }) => ({ messageId: now.messageId, before: was.text, after: now.text })),
    deleted: both.filter(({ was, now }) => now.deleted && !was.deleted).map(({ was }) => was),
    reactions: standing.flatMap(({ was, now }) => reactionChanges(was, now)),
    members: membersDiff(rolesOf(before), rolesOf(after)),
    title: before.title === after.title ? null : { before: before.title, after: after.title },
  };
}

const rolesOf = ({ members }: ChatView): Map<UserId, Role> =>
  new Map([...members.values()].map(({ userId, role }) => [userId, role]));

function reactionChanges(was: MessageView, now: MessageView): LogDiff['reactions'] {
  const emojis = new Set([...was.reactions, ...now.reactions].map(({ emoji }) => emoji));
  return [...emojis]
    .map((emoji) => {
      const [then, since] = [usersOf(was, emoji), usersOf(now, emoji)];
      const added = since.filter((userId) => !then.includes(userId));
      return { messageId: now.messageId, emoji, added, removed: then.filter((userId) => !since.includes(userId)) };
    })
    .filter(({ added, removed }) => added.length + removed.length > 0);
}

const usersOf = (message: MessageView, emoji: string): readonly UserId[] =>
  message.reactions.find((reaction) => reaction.emoji === emoji)?.userIds ?? [];
