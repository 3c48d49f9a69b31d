import { plain } from '../../events/content.ts';
import type { NewEvent } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';
import type { SqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { MESSAGE_TEXT } from './message-text.ts';

/** A chat of many messages, written straight into the log: one of its messages may have very many reactions. */
export interface LongHistory {
  chatId: string;
  members: readonly string[];
  messages: number;
  /** After which message the reactions to it begin, and how many there are; a message stands between every so many. */
  hot: { number: number; reactions: number; perMessage: number } | null;
}

export interface WrittenHistory {
  chatId: string;
  /** Of the last event. */
  headSeq: number;
  /** The hot message's place, and that of the last reaction to it. */
  hot: { seq: number; lastReactionSeq: number } | null;
  /** Time of the last event. */
  endMs: number;
}

const APPEND_EVENTS = 500;
const EVERY_MS = 1_000;
const START_MS = Date.UTC(2026, 0, 1);
/** A message can carry at most twenty different ones. */
const EMOJIS = ['👍', '❤️', '😂', '🎉', '😮', '😢', '👏', '🙏', '🔥', '💯'];

export const historyId = (kind: string, n: number): string => `01J0${kind}${String(n).padStart(21, '0')}`;

export async function writeHistory(store: SqliteEventStore, of: LongHistory): Promise<WrittenHistory> {
  const stream = chatStream(of.chatId);
  let waiting: NewEvent[] = [];
  let revision = -1;
  let seq = 0;
  const flush = async (): Promise<void> => {
    await store.append(stream, revision, waiting);
    revision += waiting.length;
    waiting = [];
  };
  const memberAt = (n: number): string => of.members[n % of.members.length] as string;
  const add = async (type: string, data: unknown, actor = memberAt(seq)): Promise<void> => {
    const id = historyId('E', ++seq);
    waiting.push({
      eventId: deterministicUuid(of.chatId, id),
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify({ v: 1, actor, at: START_MS + seq * EVERY_MS, commandId: id, correlationId: id }),
    });
    if (waiting.length === APPEND_EVENTS) await flush();
  };
  const addMessage = (number: number): Promise<void> =>
    add('MessageSent', { messageId: historyId('M', number), number, text: plain(MESSAGE_TEXT) });

  await add('ChatStarted', startOf(of));
  let hot: WrittenHistory['hot'] = null;
  for (let number = 1; number <= of.messages; number++) {
    await addMessage(number);
    if (of.hot?.number !== number) continue;
    const messageSeq = seq;
    const { reactions, perMessage } = of.hot;
    for (let n = 0; n < reactions; n++) {
      const emoji = EMOJIS[Math.floor(n / of.members.length)];
      await add(
        'ReactionAdded',
        { messageId: historyId('M', of.hot.number), messageSeq, rev: n + 2, emoji },
        memberAt(n),
      );
      if (n % perMessage === perMessage - 1) await addMessage(++number);
    }
    hot = { seq: messageSeq, lastReactionSeq: seq };
  }
  if (waiting.length > 0) await flush();
  return { chatId: of.chatId, headSeq: seq, hot, endMs: START_MS + seq * EVERY_MS };
}

const startOf = ({ members }: LongHistory): unknown => ({
  kind: 'group',
  title: plain('A long history'),
  members: members.map((userId, n) => ({ userId, role: n === 0 ? 'admin' : 'member' })),
  historyVisibility: 'all',
  pastContent: 'then',
});
