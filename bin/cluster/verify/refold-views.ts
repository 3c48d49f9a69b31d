import type { EventLog, LogPosition, RecordedEvent } from '../../../events/event-store.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import { pagesOfStream } from '../../../events/pages.ts';
import { chatStream, receiptsStream, userStream } from '../../../events/streams.ts';
import type { Bound, Postgres } from '../../../infra/postgres/pool.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import type { LeftOut } from '../../../projections/parking/left-out.ts';
import { createFoldBatch } from '../../../projections/partitions/fold-batch.ts';

export interface RefoldChat {
  readonly chatId: ChatId;
  /** Who may have read there. */
  readonly readers: Iterable<UserId>;
  readonly until: LogPosition;
  readonly leftOut: LeftOut;
}

/** What writes the rows of one chat, or of one user, as they follow from the log through a position, into empty tables. */
export async function refoldChat(log: EventLog, { chatId, readers, until, leftOut }: RefoldChat): Promise<Bound[]> {
  const receipts: RecordedEvent[] = [];
  for (const userId of readers) {
    for await (const page of pagesOfStream(log, receiptsStream(chatId, userId), { until })) receipts.push(...page);
  }
  receipts.sort((a, b) => a.position - b.position);
  return refold(merged(pagesOfStream(log, chatStream(chatId), { until }), receipts), leftOut);
}

export const refoldUser = (
  log: EventLog,
  { userId, until, leftOut }: { userId: UserId; until: LogPosition; leftOut: LeftOut },
): Promise<Bound[]> => refold(pagesOfStream(log, userStream(userId), { until }), leftOut);

/** As far as projectors can take it. */
async function refold(pages: AsyncIterable<RecordedEvent[]>, leftOut: LeftOut): Promise<Bound[]> {
  const written: Bound[] = [];
  const empty: Pick<Postgres, 'query' | 'atomically'> = {
    query: async () => [],
    async atomically(statements) {
      const [, ...rows] = statements; // the first is the fence
      written.push(...rows);
    },
  };
  const fold = createFoldBatch(createViewRows(empty as Postgres, { keptMax: Number.POSITIVE_INFINITY }), leftOut);
  let from = 0;
  for await (const page of pages) {
    const to = page.at(-1)?.position ?? from;
    const claim = { group: 'user-chats', partition: 0, term: 0, era: 0, position: from } as const;
    const { outcome } = await fold(page, { claim, from, to });
    if (outcome !== 'done') return written;
    from = to;
  }
  return written;
}

/** Both in the order of the log. */
async function* merged(
  pages: AsyncIterable<RecordedEvent[]>,
  others: readonly RecordedEvent[],
): AsyncGenerator<RecordedEvent[]> {
  let taken = 0;
  for await (const page of pages) {
    const all: RecordedEvent[] = [];
    for (const event of page) {
      for (let other = others[taken]; other && other.position < event.position; other = others[++taken])
        all.push(other);
      all.push(event);
    }
    yield all;
  }
  if (taken < others.length) yield others.slice(taken);
}
