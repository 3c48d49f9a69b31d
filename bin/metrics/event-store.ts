import { Counter, Histogram, type Registry } from 'prom-client';
import type { EventStore } from '../../events/event-store.ts';

const APPEND_SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** How an append ended: it is there, others were first, or the code of what went wrong. */
const resultOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'failed';
};

/** Measures every append of the store that it answers; the given one is left as it is. */
export function measureStore<S extends EventStore>(registry: Registry, store: S): S {
  const duration = new Histogram({
    name: 'hindsight_append_duration_seconds',
    help: 'Appends to the event store until they are on stable storage, by result: appended, conflict, or an error code.',
    labelNames: ['result'],
    buckets: APPEND_SECONDS,
    registers: [registry],
  });
  const events = new Counter({
    name: 'hindsight_events_appended_total',
    help: 'Events appended. Divided by the number of appends: how many go together.',
    registers: [registry],
  });
  const append: EventStore['append'] = async (stream, expected, batch) => {
    const began = performance.now();
    let result = 'failed';
    try {
      const answer = await store.append(stream, expected, batch);
      result = answer.status;
      if (answer.status === 'appended') events.inc(batch.length);
      return answer;
    } catch (error) {
      result = resultOf(error);
      throw error;
    } finally {
      duration.observe({ result }, (performance.now() - began) / 1_000);
    }
  };
  return { ...store, append };
}

/** Call it for every connection that was given up for another one. */
export function countReconnects(registry: Registry): () => void {
  const reconnects = new Counter({
    name: 'hindsight_event_store_reconnects_total',
    help: 'Connections to the event store that were given up, silent or not made in time, for new ones. One that is cut and comes back by itself is not counted.',
    registers: [registry],
  });
  return () => reconnects.inc();
}
