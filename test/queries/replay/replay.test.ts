import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../events/chat.ts';
import { type ReplayCheckpoint, ReplayError, type ReplayTarget, replay } from '../../../queries/replay/index.ts';
import { KINDS, startChat, userId } from '../../support/random-chat.ts';
import { seeded } from '../../support/seeded.ts';

const SEED = 11;

function chatOf(length: number): ChatEvent[] {
  const random = seeded(SEED);
  const kind = KINDS[2] as (typeof KINDS)[number];
  const chat = startChat({ ...kind, n: 1, users: [userId(1), userId(2)], positions: { last: 0 }, random });
  while (chat.events.length < length) chat.grow(random);
  return chat.events;
}

async function* pagesOf(events: readonly ChatEvent[], size = 4): AsyncGenerator<readonly ChatEvent[]> {
  for (let i = 0; i < events.length; i += size) yield events.slice(i, i + size);
}

/** A target that keeps what it was given, batch by batch. */
function keeping(batchEvents = 3): ReplayTarget & { batches: ChatEvent[][] } {
  const batches: ChatEvent[][] = [];
  return {
    batches,
    batchEvents,
    async take(events) {
      batches.push([...events]);
      return events.length;
    },
    close: async () => undefined,
  };
}

/** A clock that only waiting moves. */
function manualTime(): { now: number; waits: number[]; sleep(ms: number): Promise<void>; clock(): number } {
  const time = {
    now: 1_000,
    waits: [] as number[],
    async sleep(ms: number) {
      time.waits.push(ms);
      time.now += ms;
    },
    clock: () => time.now,
  };
  return time;
}

function options(of: { events: readonly ChatEvent[]; target: ReplayTarget; since?: ReplayCheckpoint; speed?: number }) {
  const time = manualTime();
  const kept: ReplayCheckpoint[] = [];
  return {
    time,
    kept,
    run: (signal: AbortSignal = new AbortController().signal) =>
      replay({
        pages: pagesOf(of.events),
        target: of.target,
        pace: { speed: of.speed ?? 0, maxGapMs: 500 },
        since: of.since ?? null,
        keep: async (checkpoint) => void kept.push(checkpoint),
        signal,
        sleep: time.sleep,
        clock: time.clock,
      }),
  };
}

describe(`a replay (seed ${SEED})`, () => {
  it('hands over every event once, in order, and keeps each batch after it was taken', async () => {
    const events = chatOf(10);
    const target = keeping();
    const { run, kept } = options({ events, target });
    expect(await run()).toEqual({ position: events[9]?.position, count: 10 });
    expect(target.batches.flat()).toEqual(events);
    expect(target.batches.map(({ length }) => length)).toEqual([3, 1, 3, 1, 2]);
    expect(kept.map(({ count }) => count)).toEqual([3, 4, 7, 8, 10]);
  });

  it('counts on where it goes on', async () => {
    const events = chatOf(10);
    const since = { position: events[3]?.position ?? '', count: 4 };
    const { run } = options({ events: events.slice(4), target: keeping(), since });
    expect(await run()).toEqual({ position: events[9]?.position, count: 10 });
    expect(await options({ events: [], target: keeping(), since }).run()).toEqual(since);
  });

  it('keeps the original pace times the speed, long pauses shortened before it', async () => {
    const times = [0, 100, 100, 5_000, 4_000, 4_200];
    const events = chatOf(6).map((event, i) => ({ ...event, at: new Date(times[i] ?? 0).toISOString() }));
    const target = keeping(10);
    const { run, time } = options({ events, target, speed: 2 });
    await run();
    expect(time.waits).toEqual([50, 250, 100]);
    expect(target.batches.map((batch) => batch.map(({ seq }) => seq))).toEqual([[1], [2, 3], [4], [5], [6]]);
  });

  it('does not make up for a slow target by going faster after it', async () => {
    const events = chatOf(3).map((event, i) => ({ ...event, at: new Date(i * 100).toISOString() }));
    const slow = keeping(1);
    const { run, time } = options({
      events,
      speed: 1,
      target: {
        ...slow,
        take: async (batch, signal) => {
          time.now += 1_000;
          return slow.take(batch, signal);
        },
      },
    });
    await run();
    expect(slow.batches.flat()).toHaveLength(3);
    expect(time.waits).toEqual([]);
  });

  it('ends where it is told to, and says how far it came', async () => {
    const events = chatOf(10);
    const stopping = new AbortController();
    const inner = keeping();
    const target = {
      ...inner,
      take: async (batch: readonly ChatEvent[], signal: AbortSignal) => {
        if (inner.batches.length === 1) stopping.abort();
        return inner.take(batch, signal);
      },
    };
    const { run, kept } = options({ events, target });
    expect(await run(stopping.signal)).toEqual({ position: events[3]?.position, count: 4 });
    expect(kept.at(-1)?.count).toBe(4);
  });

  it('keeps what was taken before a failure', async () => {
    const events = chatOf(10);
    const failing: ReplayTarget = {
      batchEvents: 4,
      take: () => Promise.reject(new ReplayError('handler-failed', 'no', { taken: 2 })),
      close: async () => undefined,
    };
    const { run, kept } = options({ events, target: failing });
    await expect(run()).rejects.toMatchObject({ code: 'handler-failed' });
    expect(kept).toEqual([{ position: events[1]?.position, count: 2 }]);
  });
});
