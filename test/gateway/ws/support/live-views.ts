import { decode, decodeChatEvent } from '../../../../events/codec.ts';
import type { Batch, EventLog, RecordedEvent } from '../../../../events/event-store.ts';
import { chatOf, receiptsOf } from '../../../../events/streams.ts';
import { type Access, createQueries, type Queries } from '../../../../queries/index.ts';
import { createNaiveViews } from '../../../support/naive-views.ts';

/** The real queries over naive views that follow a log, a moment behind it, and can be made to stand still. */
export interface LiveViews {
  readonly queries: Queries;
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

interface ViewsOptions {
  readonly log: EventLog;
  readonly access: (chatId: string, userId: string) => Promise<Access | null>;
}

export function startLiveViews({ log, access }: ViewsOptions): LiveViews {
  const views = createNaiveViews();
  const stop = new AbortController();
  const waiters = new Set<() => void>();
  let kept: Batch[] | null = null;
  let position = 0;
  const take = (batch: Batch): void => {
    for (const event of batch.events) project(views, event, log.epoch);
    position = batch.position;
    for (const look of waiters) look();
  };
  const follow = async (): Promise<void> => {
    for await (const batch of log.subscribe({ after: 0, signal: stop.signal })) {
      if (kept) kept.push(batch);
      else take(batch);
    }
  };
  const following = follow();
  const reached = (wanted: number, withinMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (position >= wanted) done(true);
      };
      const timer = setTimeout(() => done(false), withinMs);
      const done = (there: boolean): void => {
        clearTimeout(timer);
        waiters.delete(look);
        resolve(there);
      };
      waiters.add(look);
      look();
    });
  const queries = createQueries({
    ...views.deps,
    access,
    epoch: log.epoch,
    head: () => log.head(),
    progress: { position: () => position, reached, lagMs: () => 0 },
  });
  return {
    queries,
    hold: () => {
      kept ??= [];
    },
    release: () => {
      const batches = kept ?? [];
      kept = null;
      for (const batch of batches) take(batch);
    },
    close: async () => {
      stop.abort();
      await following;
    },
  };
}

function project(views: ReturnType<typeof createNaiveViews>, event: RecordedEvent, epoch: string): void {
  if (chatOf(event.stream) !== null) return views.add(decodeChatEvent(event, epoch));
  const receipts = receiptsOf(event.stream);
  if (!receipts) return;
  views.mark(receipts.chatId, receipts.userId, decode(event).data as { readSeq: number; deliveredSeq: number });
}
