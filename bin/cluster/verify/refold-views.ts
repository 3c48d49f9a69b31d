import type { EventLog, LogPosition, RecordedEvent } from '../../../events/event-store.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import { pagesOfStream } from '../../../events/pages.ts';
import { userStream } from '../../../events/streams.ts';
import type { Bound, Postgres } from '../../../infra/postgres/pool.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import { eventsOfChat } from '../../../projections/chat-events.ts';
import type { LeftOut } from '../../../projections/parking/left-out.ts';
import { createFoldBatch } from '../../../projections/partitions/fold-batch.ts';

/** What writes the rows of one chat, or of one user, as they follow from the log through a position, into empty tables. */
export const refoldChat = (
  log: EventLog,
  { chatId, until, leftOut }: { chatId: ChatId; until: LogPosition; leftOut: LeftOut },
): Promise<Bound[]> => refold(eventsOfChat(log, chatId, until), leftOut);

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
    if (page.length === 0) continue;
    const to = page.at(-1)?.position ?? from;
    const claim = { group: 'user-chats', partition: 0, term: 0, era: 0, position: from } as const;
    const { outcome } = await fold(page, { claim, from, to });
    if (outcome !== 'done') return written;
    from = to;
  }
  return written;
}
