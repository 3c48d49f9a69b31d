import { expect } from 'vitest';
import { appendUntilKnown } from '../../../commands/append.ts';
import type { Timer } from '../../../commands/ports.ts';
import { type EventStore, type NewEvent, NO_STREAM, type RecordedEvent, START } from '../../../events/event-store.ts';
import { newEvents } from '../../contracts/event-store/events.ts';
import { seeded } from '../../support/seeded.ts';
import { until } from './world.ts';

export const timer: Timer = {
  now: () => performance.now(),
  after(ms, run) {
    const timeout = setTimeout(run, ms);
    return () => clearTimeout(timeout);
  },
};

export const SEED = Number(process.env.SEED ?? 20_261_121);

export interface Load {
  /** Appends that were answered so far. */
  readonly appends: () => number;
  /** Ends the writers, waits for the follower, and proves that what was acknowledged is there: once, and in order. */
  finish(): Promise<RecordedEvent[]>;
}

const STREAMS = 6;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Writers, one per stream, that append batches as commands do, and a follower of the whole log that takes what comes.
 * What goes wrong meanwhile is the test's affair.
 */
export function startLoad(
  store: EventStore,
  { after = START, seed = SEED }: { after?: number; seed?: number } = {},
): Load {
  const random = seeded(seed);
  const written = new Map<string, NewEvent[]>();
  const follower = follow(store, after);
  let stopped = false;
  let appends = 0;

  async function write(stream: string): Promise<void> {
    const events: NewEvent[] = [];
    written.set(stream, events);
    let revision = NO_STREAM;
    while (!stopped) {
      const batch = newEvents(1 + random.below(4));
      const appending = { store, timer, stream, expected: revision, events: batch, deadline: NEVER, pursue: true };
      const result = await appendUntilKnown({ ...appending, closing: () => false });
      if (result.status !== 'appended') throw new Error(`${stream}: ${JSON.stringify(result)}`);
      expect(result.revision).toBe(revision + batch.length);
      revision = result.revision;
      events.push(...batch);
      appends += 1;
    }
  }

  const writers = Promise.all(Array.from({ length: STREAMS }, (_, i) => write(`load-${seed}.${i}`)));
  return {
    appends: () => appends,
    async finish() {
      stopped = true;
      await writers;
      const total = [...written.values()].reduce((sum, events) => sum + events.length, 0);
      await until(`${total} events have come`, () => {
        if (follower.failure()) throw follower.failure() as Error;
        return follower.events.length >= total;
      });
      await follower.stop();
      for (const [stream, events] of written) {
        const there = await store.readStream(stream, { limit: events.length + 100 });
        expect(there.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
        const came = follower.events.filter((event) => event.stream === stream);
        expect(came).toEqual(there);
      }
      expect(follower.events).toHaveLength(total);
      return follower.events;
    },
  };
}

export interface Follower {
  readonly events: RecordedEvent[];
  readonly failure: () => unknown;
  stop(): Promise<void>;
}

/** Takes what comes, and checks that it comes in order. */
export function follow(store: EventStore, after: number): Follower {
  const stop = new AbortController();
  const events: RecordedEvent[] = [];
  let failure: unknown = null;
  const done = (async () => {
    let position = after;
    for await (const batch of store.subscribe({ after, signal: stop.signal })) {
      for (const event of batch.events) {
        if (event.position <= position) throw new Error(`${event.position} came after ${position}`);
        position = event.position;
      }
      if (batch.position < position) throw new Error(`a batch up to ${batch.position} holds ${position}`);
      position = batch.position;
      events.push(...batch.events);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  return {
    events,
    failure: () => failure,
    async stop() {
      stop.abort();
      await done;
      if (failure) throw failure as Error;
    },
  };
}
