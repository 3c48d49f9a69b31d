import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';

export interface LagSource {
  readonly log: Pick<EventLog, 'head' | 'readAll'>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface Lag {
  readonly events: number;
  readonly seconds: number;
}

/** What lies further back is estimated. */
const COUNTED_EVENTS = 1_000;

/**
 * How far a reader is behind the log: how many events lie beyond its place, and how old the oldest of them is. The log
 * itself is asked, not what a topic has brought: a feed that has died would say that all is well.
 */
export async function lagBehind(
  { log, clock }: LagSource,
  position: LogPosition,
  of: { head: LogPosition; isOurs?: (event: RecordedEvent) => boolean },
): Promise<Lag> {
  const { head, isOurs = () => true } = of;
  const limit = COUNTED_EVENTS;
  const page = position < head ? await log.readAll({ after: position, until: head, limit }) : [];
  const ours = page.filter(isOurs);
  const read = (page.at(-1)?.position ?? head) - position;
  const share = page.length < limit ? 1 : (head - position) / Math.max(1, read);
  const seconds = ours[0] ? Math.max(0, clock() - ours[0].recordedAt) / 1_000 : 0;
  return { events: Math.round(ours.length * share), seconds };
}

/** One question for all metrics of a scrape. */
export function askedOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    return asked;
  };
}
