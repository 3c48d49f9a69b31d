import { expect, test } from 'vitest';
import { type Batch, type EventStore, NO_STREAM, type RecordedEvent } from '../../../events/event-store.ts';
import { seeded } from '../../support/seeded.ts';
import { appended, freshStream, key, newEvents } from './events.ts';
import type { MakeStore } from './under-test.ts';

const SEED = Number(process.env.SEED ?? 20_261_121);

export function subscriptionContract(store: () => EventStore, makeStore: MakeStore): void {
  test('gives what is there, then what comes, and marks what is live', async () => {
    const stream = freshStream();
    const after = await store().head();
    await appended(store().append(stream, NO_STREAM, newEvents(3)));
    const reader = follow(store(), after, [stream]);
    await reader.until(3);
    // Once more than the backlog has come, the subscriber has caught up.
    await appended(store().append(stream, 2, newEvents(1)));
    await reader.until(4);
    await appended(store().append(stream, 3, newEvents(2)));
    await reader.until(6);
    await reader.stop();
    expect(reader.events).toEqual(await store().readStream(stream, { limit: 10 }));
    expect(reader.batches[0]?.live).toBe(false);
    expect(reader.batches.at(-1)?.live).toBe(true);
  });

  test('starts exactly behind the asked position', async () => {
    const stream = freshStream();
    await appended(store().append(stream, NO_STREAM, newEvents(5)));
    const [, , third] = await store().readStream(stream, { limit: 5 });
    const reader = follow(store(), third?.position ?? 0, [stream]);
    await reader.until(2);
    await reader.stop();
    expect(reader.events.map((event) => event.revision)).toEqual([3, 4]);
  });

  test(`many writers and readers, quick and slow: each sees everything once, in order (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    const streams = Array.from({ length: 8 }, () => freshStream());
    const after = await store().head();
    const readers = [
      follow(store(), after, streams),
      follow(store(), after, streams, () => turns(random.below(5))),
      follow(store(), after, streams, () => turns(random.chance(0.1) ? 200 : 0)),
    ];
    let total = 0;
    await Promise.all(
      streams.map(async (stream) => {
        let revision = NO_STREAM;
        for (let i = 0; i < 60; i++) {
          const count = 1 + random.below(5);
          total += count;
          revision = (await appended(store().append(stream, revision, newEvents(count)))).revision;
          if (random.chance(0.1)) readers.push(follow(store(), after, streams, () => turns(random.below(3))));
        }
      }),
    );
    for (const reader of readers) {
      await reader.until(total);
      await reader.stop();
    }
    const [first] = readers;
    for (const reader of readers) expect(reader.events.map(key)).toEqual(first?.events.map(key));
    const positions = first?.events.map((event) => event.position) ?? [];
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    expect(positions).toHaveLength(total);
  });

  test('a subscriber that stands still while much is written misses nothing', async () => {
    const stream = freshStream();
    const after = await store().head();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reader = follow(store(), after, [stream], () => gate);
    await appended(store().append(stream, NO_STREAM, newEvents(1)));
    for (let i = 0; i < 40; i++) await appended(store().append(stream, i * 300, newEvents(300)));
    release();
    await reader.until(12_001);
    await reader.stop();
    expect(reader.events.map((event) => event.revision)).toEqual(Array.from({ length: 12_001 }, (_, i) => i));
  });

  test('ends when it is aborted: waiting, before it began, or between two batches', async () => {
    const stream = freshStream();
    await appended(store().append(stream, NO_STREAM, newEvents(2)));
    const waiting = follow(store(), await store().head(), [stream]);
    await waiting.stop();
    expect(waiting.events).toEqual([]);

    const aborted = AbortSignal.abort();
    const never: Batch[] = [];
    for await (const batch of store().subscribe({ after: 0, signal: aborted })) never.push(batch);
    expect(never).toEqual([]);

    const controller = new AbortController();
    let seen = 0;
    for await (const batch of store().subscribe({ after: 0, signal: controller.signal })) {
      seen += batch.events.length;
      controller.abort();
    }
    expect(seen).toBeGreaterThan(0);
  });

  test('close ends subscriptions and refuses what comes after', async () => {
    const made = await makeStore();
    const ending = follow(made.store, await made.store.head(), []);
    const last = made.store.append(freshStream(), NO_STREAM, newEvents(1));
    await made.store.close();
    await ending.done;
    // What was accepted before is answered.
    expect((await last).status).toBe('appended');
    await expect(made.store.append(freshStream(), NO_STREAM, newEvents(1))).rejects.toMatchObject({
      code: 'closed',
      temporary: false,
    });
    await expect(made.store.head()).rejects.toMatchObject({ code: 'closed' });
    await made.close();
  });
}

interface Following {
  readonly events: RecordedEvent[];
  readonly batches: Batch[];
  until(count: number): Promise<void>;
  stop(): Promise<void>;
  readonly done: Promise<void>;
}

/** Collects the events of some streams, and checks every batch against its promises. */
function follow(store: EventStore, after: number, streams: string[], pause?: () => Promise<void>): Following {
  const controller = new AbortController();
  const wanted = new Set(streams);
  const events: RecordedEvent[] = [];
  const batches: Batch[] = [];
  const waiting: { count: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let failure: { error: unknown } | null = null;

  async function run(): Promise<void> {
    let position = after;
    for await (const batch of store.subscribe({ after, signal: controller.signal })) {
      for (const event of batch.events) {
        if (event.position <= position) throw new Error(`${event.position} came after ${position}`);
        position = event.position;
      }
      if (batch.position < position) throw new Error(`a batch up to ${batch.position} holds ${position}`);
      position = batch.position;
      batches.push(batch);
      events.push(...batch.events.filter((event) => wanted.has(event.stream)));
      for (const { count, resolve } of waiting) if (events.length >= count) resolve();
      await pause?.();
    }
  }

  const done = run().catch((error: unknown) => {
    failure = { error };
    for (const { reject } of waiting) reject(error);
  });
  return {
    events,
    batches,
    done,
    async until(count) {
      if (failure) throw failure.error;
      if (events.length >= count) return;
      await new Promise<void>((resolve, reject) => waiting.push({ count, resolve, reject }));
    },
    async stop() {
      controller.abort();
      await done;
      if (failure) throw failure.error;
    },
  };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
