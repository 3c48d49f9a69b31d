import type { EventLog, LogPosition, RecordedEvent } from '../../../events/event-store.ts';
import type { ChatId } from '../../../events/ids.ts';
import { pagesOfStream } from '../../../events/pages.ts';
import { chatStream } from '../../../events/streams.ts';
import type { Cassandra, Statement } from '../../../infra/cassandra/cassandra.ts';
import { wholeChat } from '../../../infra/cassandra/chat-history/open-chats.ts';
import { createHistoryRows } from '../../../infra/cassandra/chat-history/rows.ts';
import type { LeftOut } from '../../../projections/parking/left-out.ts';
import { createFoldBatch } from '../../../projections/partitions/fold-batch.ts';
import { FOLD_EVERY } from '../../../queries/chat-history/view.ts';

/** A chat of no more events than this is read once; of a larger one it is read first what it folds. */
const KEPT_EVENTS_MAX = 5_000;

const CHANGES: ReadonlySet<string> = new Set(['MessageEdited', 'MessageDeleted', 'ReactionAdded', 'ReactionRemoved']);

export interface RefoldOptions {
  readonly log: EventLog;
  readonly chatId: ChatId;
  readonly leftOut: LeftOut;
  /** Of the timestamps. */
  readonly base: number;
  /** Events through here come apart from those behind it. */
  readonly until: LogPosition;
  /** The rows of some events, in order: all of them at or before `until`, or all behind it. */
  take(rows: readonly Statement[], batch: { held: boolean; last: RecordedEvent }): Promise<void>;
}

/** The rows of a chat's history and log as they follow from its stream, whatever the tables hold. Ends at what no projector can take. */
export async function refoldHistory(options: RefoldOptions): Promise<void> {
  const { log, chatId, leftOut, base, until, take } = options;
  const { folds, pages } = await survey(log, chatId);
  let written: Statement[] = [];
  const sink: Pick<Cassandra, 'write'> = { write: async (rows) => void written.push(...rows) };
  const chats = wholeChat(chatId, { base, folds });
  const rows = createHistoryRows({ cassandra: sink as Cassandra, checkpoints: { move: async () => undefined }, chats });
  const fold = createFoldBatch(rows, leftOut);
  for await (const page of pages) {
    for (const part of splitAt(page, until)) {
      const last = part.at(-1);
      if (!last) continue;
      written = [];
      const { outcome } = await fold(part, nowhere);
      if (outcome !== 'done') return;
      await take(written, { held: last.position <= until, last });
    }
  }
}

const nowhere = {
  claim: { group: 'chat-history', partition: 0, term: 0, era: 0, position: 0 },
  from: 0,
  to: 0,
} as const;

function splitAt(page: readonly RecordedEvent[], until: LogPosition): RecordedEvent[][] {
  const held = page.filter(({ position }) => position <= until);
  return [held, page.slice(held.length)];
}

/** Which messages a chat folds, and its events once more. */
async function survey(
  log: EventLog,
  chatId: ChatId,
): Promise<{ folds: Set<number>; pages: Iterable<RecordedEvent[]> | AsyncIterable<RecordedEvent[]> }> {
  const folds = new Set<number>();
  const kept: RecordedEvent[][] = [];
  let events = 0;
  for await (const page of pagesOfStream(log, chatStream(chatId))) {
    events += page.length;
    if (events <= KEPT_EVENTS_MAX) kept.push(page);
    for (const event of page) {
      const folded = foldedBy(event);
      if (folded !== null) folds.add(folded);
    }
  }
  return { folds, pages: events <= KEPT_EVENTS_MAX ? kept : pagesOfStream(log, chatStream(chatId)) };
}

/** The seq of the message whose change ends in a fold. */
function foldedBy({ type, data }: RecordedEvent): number | null {
  if (!CHANGES.has(type)) return null;
  try {
    const { rev, messageSeq } = JSON.parse(data) as { rev: number; messageSeq: number };
    return (rev - 1) % FOLD_EVERY === 0 ? messageSeq : null;
  } catch {
    return null; // no projector can take it either
  }
}
