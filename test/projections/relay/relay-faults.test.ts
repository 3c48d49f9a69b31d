import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventLog } from '../../../events/event-store.ts';
import type { Checkpoints } from '../../../projections/partitions/ports.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { openWorld, PARTITIONS, stoppable, temporary, until, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = openWorld();
});
afterEach(() => world.close());

const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
const checkpoint = async () => (await world.checkpoints.list(['relay']))[0];

test('killed between the acknowledgement and the checkpoint: written twice, told once', async () => {
  // A process that dies there is one whose move never happens, nor anything after it.
  const writer = stoppable(world.topic.writer());
  let bury: () => void = () => undefined;
  const dead = new Promise<never>((_, reject) => {
    bury = () => reject(temporary('the process is gone'));
  });
  dead.catch(() => undefined); // buried below
  const killed = world.relay({ writer, checkpoints: { ...world.checkpoints, move: () => dead }, idleMs: 3_600_000 });
  await world.append(60);
  await until(() => expect(killed.state().position).toBe(60));
  writer.stop();
  expect((await checkpoint())?.position).toBe(0);
  const second = world.relay();
  await world.append(20);
  await world.untilTold();
  expect(second.reports[0]).toEqual({ kind: 'active', term: 2, position: 0 });
  expect(world.reader.counts.repeats).toBeGreaterThan(0);
  expect(world.reader.counts.gaps).toBe(0);
  bury();
  writer.go();
});

test('two at once: the one that was stopped finds itself replaced, and writes no more', async () => {
  const writer = stoppable(world.topic.writer());
  const old = world.relay({ writer });
  await world.append(30);
  await world.untilTold();
  // It stops in the middle of a write, as a process that is paused; its checkpoint goes on to be confirmed by nobody.
  let stopped: Promise<void> | null = null;
  let go: () => void = () => undefined;
  const checkpoints: Checkpoints = {
    ...world.checkpoints,
    async move(step) {
      if (stopped) await stopped;
      await world.checkpoints.move(step);
    },
  };
  await old.close();
  const paused = world.relay({ writer, checkpoints });
  await until(() => expect(paused.state().active).toBe(true));
  writer.stop();
  stopped = new Promise((resolve) => {
    go = resolve;
  });
  await world.append(30);
  const successor = world.relay();
  await until(() => expect(successor.state().active).toBe(true));
  await world.untilTold();
  await world.append(30);
  const writesBefore = writer.writes;
  stopped = null;
  go();
  writer.go();
  await until(() => expect(paused.reports.at(-1)).toEqual({ kind: 'stale', term: 2 }));
  expect(paused.state().active).toBe(false);
  expect(writer.writes - writesBefore).toBeLessThanOrEqual(1); // what was in flight when it was stopped
  await world.append(30);
  await world.untilTold();
  expect(world.reader.counts.gaps).toBe(0);
  expect(successor.state()).toMatchObject({ active: true, term: 3 });
});

test('a relay that was frozen asks before it writes: nothing of it arrives', async () => {
  // Frozen between two writes: the clock of its term has run out, and it knows only when it looks.
  const writer = stoppable(world.topic.writer());
  let frozen: Promise<void> | null = null;
  let thaw: () => void = () => undefined;
  const log: Pick<EventLog, 'subscribe' | 'head'> = {
    head: () => world.log.head(),
    subscribe: (options) => world.log.subscribe(options),
  };
  const relay = world.relay({
    log,
    writer: {
      ...writer,
      partitions: PARTITIONS,
      async write(links) {
        await writer.write(links);
        if (frozen) await frozen;
      },
    },
    checkpoints: {
      ...world.checkpoints,
      async move(step) {
        if (frozen) await frozen;
        await world.checkpoints.move(step);
      },
    },
  });
  await until(() => expect(relay.state().active).toBe(true));
  frozen = new Promise((resolve) => {
    thaw = resolve;
  });
  const successor = world.relay();
  await until(() => expect(successor.state().active).toBe(true));
  const writes = writer.writes;
  await world.append(10);
  await world.untilTold();
  frozen = null;
  thaw();
  await until(() => expect(relay.reports.at(-1)).toEqual({ kind: 'stale', term: 1 }));
  expect(writer.writes).toBe(writes);
});

test('closed while it claims: it begins no term, and another has its turn at once', async () => {
  let claiming: () => void = () => undefined;
  const claims = new Promise<void>((resolve) => (claiming = resolve));
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const relay = world.relay({
    checkpoints: {
      ...world.checkpoints,
      async claimIdle(...claim) {
        claiming();
        await answered;
        return world.checkpoints.claimIdle(...claim);
      },
    },
  });
  await claims;
  const closed = relay.close();
  answer();
  await closed;
  expect(relay.reports).toEqual([]);
  expect(await checkpoint()).toMatchObject({ term: 1, owner: '' });
  const next = world.relay({ idleMs: 3_600_000 });
  await until(() => expect(next.state()).toMatchObject({ active: true, term: 2 }));
});

test('goes on while its checkpoint cannot be moved, and is not replaced by itself afterwards', async () => {
  let away = false;
  let refused = 0;
  const relay = world.relay({
    checkpoints: {
      ...world.checkpoints,
      async move(step) {
        if (away) refused++;
        if (away && refused % 2 === 0) throw temporary('the connection is gone');
        await world.checkpoints.move(step);
        if (away) throw temporary('the answer is lost');
      },
    },
    idleMs: 50,
  });
  await world.append(20);
  await world.untilTold();
  away = true;
  await world.append(100);
  await world.untilTold();
  await until(() => expect(refused).toBeGreaterThan(3));
  expect(relay.state()).toMatchObject({ active: true, faults: [{ ground: 'checkpoint' }] });
  away = false;
  await until(async () => expect((await checkpoint())?.position).toBe(120));
  await until(() => expect(relay.reports.at(-1)).toMatchObject({ kind: 'recovered', ground: 'checkpoint' }));
  expect(relay.state()).toMatchObject({ active: true, term: 1 });
  expect(relay.reports.filter(({ kind }) => kind === 'fault')).toHaveLength(1);
});

test('one that cannot write for long lets another try', async () => {
  const broken = { ...world.topic.writer(), write: () => Promise.reject(temporary('no route to the broker')) };
  const stuck = world.relay({ writer: broken, handOverAfterMs: 100 });
  await until(() => expect(stuck.state().active).toBe(true));
  const other = world.relay();
  await world.append(10);
  await world.untilTold();
  expect(other.state().active).toBe(true);
  await until(() => expect(stuck.reports.at(-1)).toEqual({ kind: 'stale', term: 1 }));
});

test('a log that ends, fails or repeats itself is followed on', async () => {
  const dice = seeded(7);
  const log: Pick<EventLog, 'subscribe' | 'head'> = {
    head: () => world.log.head(),
    async *subscribe({ after, signal }) {
      // Some of what was there before comes again.
      for await (const batch of world.log.subscribe({ after: Math.max(0, after - dice.below(5)), signal })) {
        if (dice.chance(0.2)) throw temporary('the stream broke');
        yield {
          ...batch,
          events: batch.events.slice(0, 40),
          position: batch.events.at(39)?.position ?? batch.position,
        };
        if (dice.chance(0.2)) return;
        if (batch.events.length > 40) return;
      }
    },
  };
  const relay = world.relay({ log });
  for (let i = 0; i < 10; i++) {
    await world.append(dice.below(60));
    await world.untilTold();
  }
  expect(world.reader.counts.gaps).toBe(0);
  expect(relay.reports.some((report) => report.kind === 'fault' && report.ground === 'log')).toBe(true);
});

test.each([
  ['the log', { log: { head: async () => 0, subscribe: failing } }],
  ['the backplane', { writer: { partitions: PARTITIONS, close: async () => undefined, write: reject } }],
  ['the checkpoint', { prepare: reject }],
])('what cannot pass ends the run: %s', async (_, broken) => {
  const { prepare, ...options } = { prepare: world.checkpoints.prepare, ...broken };
  const relay = world.relay({ ...options, checkpoints: { ...world.checkpoints, prepare } });
  await expect(relay.running).rejects.toThrow('for good');
});

function reject(): Promise<never> {
  return Promise.reject(new Error('broken for good'));
}
// oxlint-disable-next-line require-yield
async function* failing(): AsyncGenerator<never> {
  throw new Error('broken for good');
}

test.each(Array.from({ length: 12 }, (_, i) => 1_000 + i))(
  'whatever fails, every reader is told everything once and in order (seed %i)',
  async (seed) => {
    const dice = seeded(seed);
    const open = new Set<ReturnType<World['relay']>>();
    const start = () => open.add(world.relay({ checkpoints: unreliable(world.checkpoints, dice), idleMs: 40 }));
    start();
    for (let step = 0; step < 40; step++) {
      await world.append(dice.below(12));
      const [first] = open;
      if (dice.chance(0.3)) world.topic.faults.failNext(dice.pick(['before', 'halfway', 'after'] as const));
      if (dice.chance(0.1)) world.topic.faults.duplicateNext();
      if (dice.chance(0.1)) world.topic.faults.dropNext(dice.below(3));
      if (dice.chance(0.1)) world.topic.faults.expire(dice.below(20));
      if (dice.chance(0.15)) start();
      if (dice.chance(0.15) && first && open.size > 1) {
        open.delete(first);
        void first.close();
      }
      const turns = dice.below(4);
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    }
    await world.untilTold();
    for (const partition of partitions) {
      const seqs = world.reader.events(partition).map(({ position }) => position);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
  },
);

/** Moves that fail now and then, before they happened or after. */
function unreliable(checkpoints: Checkpoints, dice: Seeded): Checkpoints {
  return {
    ...checkpoints,
    async move(step) {
      if (dice.chance(0.2)) throw temporary('the connection is gone');
      await checkpoints.move(step);
      if (dice.chance(0.2)) throw temporary('the answer is lost');
    },
  };
}
