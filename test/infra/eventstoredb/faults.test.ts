import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { NO_STREAM } from '../../../events/event-store.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import {
  type AppendFate,
  type ReadFate,
  type StandIn,
  type StandInFaults,
  startStandIn,
} from '../../../infra/eventstoredb/stand-in/index.ts';
import { testFolder } from '../../support/folder.ts';
import { seeded } from '../../support/seeded.ts';
import { type Load, SEED, startLoad } from './load.ts';
import { gate, startWorld, until } from './world.ts';

/**
 * In every test writers and a follower are at work while something goes wrong; `finish` proves that nothing was lost,
 * doubled or put out of order.
 */
const HEARTBEAT = { everyMs: 200, alarmMs: 1_000 };
/** The issue asks for less than a silence of 15 s. */
const RECOVERED_MS = 8_000;

async function more(load: Load, appends = 40): Promise<number> {
  const before = load.appends();
  const began = performance.now();
  await until('work goes on', () => load.appends() >= before + appends);
  return performance.now() - began;
}

test('a server that is silent for a while, and then speaks again', async () => {
  let silent = false;
  const faults: StandInFaults = {
    append: () => (silent ? 'swallow' : 'fine'),
    read: () => (silent ? 'swallow' : 'fine'),
  };
  const { store, said } = await startWorld({ faults });
  const load = startLoad(store);
  await more(load);
  silent = true;
  await until('the silence is noticed', () => said.some((what) => what.includes('no answer')));
  silent = false;
  expect(await more(load)).toBeLessThan(RECOVERED_MS);
  await load.finish();
});

test('a connection on which nothing comes through any more', async () => {
  const { store, proxy, said } = await startWorld({ store: { heartbeat: HEARTBEAT } });
  const load = startLoad(store);
  for (let round = 0; round < 3; round++) {
    await more(load);
    proxy.freeze();
    expect(await more(load)).toBeLessThan(RECOVERED_MS);
  }
  await load.finish();
  expect(said.join('\n')).toMatch(/connected anew/);
});

test('a server that leaves some unanswered and is slow with others is not given up: nothing else is asked anew', async () => {
  let slow = false;
  const faults: StandInFaults = {
    append: ({ stream }) => (stream === 'left' ? 'swallow' : 'fine'),
    read: (kind) => (slow && kind === 'read' ? 'swallow' : 'fine'),
  };
  const { store, said } = await startWorld({ faults, store: { heartbeat: HEARTBEAT } });
  const load = startLoad(store);
  await more(load);
  slow = true;
  const left = { eventId: randomUUID(), type: 'Left', data: '{}', metadata: '{}' };
  await expect(store.append('left', NO_STREAM, [left])).rejects.toMatchObject({ code: 'unknown' });
  slow = false;
  await more(load);
  await load.finish();
  expect(said.join('\n')).toMatch(/an append to left: no answer/);
  expect(said.filter((what) => !what.startsWith('an append to left'))).toEqual([]);
});

test('a look at what became of an append, for which hardly any time is left, says nothing of the connection', async () => {
  let silent = false;
  const faults: StandInFaults = {
    append: () => (silent ? 'swallow' : 'fine'),
    read: (kind) => (silent && kind === 'read' ? 'swallow' : 'fine'),
  };
  const { store, said } = await startWorld({ faults, store: { appendDeadlineMs: 2_100 } });
  silent = true;
  const left = { eventId: randomUUID(), type: 'Left', data: '{}', metadata: '{}' };
  await expect(store.append('left', NO_STREAM, [left])).rejects.toMatchObject({ code: 'unknown' });
  expect(said.filter((what) => !what.startsWith('an append to left: no answer'))).toEqual([]);
});

test('a connection that is reset, and a server that says GOAWAY', async () => {
  const { store, standIn, proxy } = await startWorld({ store: { heartbeat: HEARTBEAT } });
  const load = startLoad(store);
  for (let round = 0; round < 5; round++) {
    await more(load);
    proxy.reset();
    await more(load);
    standIn.goAway(0);
    await more(load);
    standIn.goAway(200);
  }
  await more(load);
  await load.finish();
});

test(`calls that break before or after the append was written (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const fates: AppendFate[] = ['cut-before', 'cut-after', 'end-after', 'timeout', 'busy'];
  const faults: StandInFaults = { append: () => (random.chance(0.05) ? random.pick(fates) : 'fine') };
  const { store, said } = await startWorld({ faults });
  const load = startLoad(store);
  await more(load, 400);
  await load.finish();
  expect(said.length).toBeGreaterThan(0);
});

test('answers that are lost after the append was written', async () => {
  let nth = 0;
  const faults: StandInFaults = { append: () => (++nth % 40 === 0 ? 'mute' : 'fine') };
  const { store, said } = await startWorld({ faults });
  const load = startLoad(store);
  await until('some were lost', () => nth > 200);
  await load.finish();
  expect(said.some((what) => what.includes('no answer'))).toBe(true);
});

test('answers that come late, after the append was looked for and sent again', async () => {
  const held: (() => void)[] = [];
  let nth = 0;
  const faults: StandInFaults = {
    answer() {
      if (++nth !== 50) return undefined;
      const { passed, open } = gate();
      held.push(open);
      return passed;
    },
  };
  const { store, said } = await startWorld({ faults });
  const load = startLoad(store);
  await until('an answer is missing', () => said.some((what) => what.includes('no answer')));
  await more(load);
  for (const release of held) release();
  await more(load);
  await load.finish();
});

test('a node that does not lead names the one that does', async () => {
  const file = `${testFolder()}/events.db`;
  const leader = await startStandIn({ file });
  onTestFinished(leader.close);
  let leads = true;
  const faults: StandInFaults = {
    append: () => (leads ? 'fine' : 'not-leader'),
    read: () => (leads ? 'fine' : 'not-leader'),
    leader: { host: '127.0.0.1', port: leader.port },
  };
  const { store } = await startWorld({ file, faults });
  const load = startLoad(store);
  await more(load);
  leads = false;
  expect(await more(load)).toBeLessThan(RECOVERED_MS);
  await load.finish();
});

test('a cluster whose gossip names the dead leader for a while', async () => {
  const file = `${testFolder()}/events.db`;
  const leader = await startStandIn({ file });
  onTestFinished(leader.close);
  let named = leader.port;
  const survivor = await startStandIn({ file, faults: { gossip: () => ({ host: '127.0.0.1', port: named }) } });
  onTestFinished(survivor.close);
  const said: string[] = [];
  const url = survivor.url.replace('esdb:', 'esdb+discover:');
  const store = await openEventStoreDb({ url, heartbeat: HEARTBEAT, onFault: (what) => said.push(what) });
  onTestFinished(store.close);
  const load = startLoad(store);
  await more(load);
  await leader.close();
  await until('it cannot be reached', () => said.some((what) => what.includes('cannot be reached')));
  named = survivor.port;
  expect(await more(load)).toBeLessThan(RECOVERED_MS);
  await load.finish();
});

test('a node that does not lead names one that has died', async () => {
  const file = `${testFolder()}/events.db`;
  const gone = await startStandIn({ file });
  await gone.close();
  let leads = true;
  const faults: StandInFaults = {
    append: () => (leads ? 'fine' : 'not-leader'),
    read: () => (leads ? 'fine' : 'not-leader'),
    leader: { host: '127.0.0.1', port: gone.port },
  };
  const { store, said } = await startWorld({ file, faults, store: { heartbeat: HEARTBEAT } });
  const load = startLoad(store);
  await more(load);
  leads = false;
  await until('it cannot be reached', () => said.some((what) => what.includes('cannot be reached')));
  leads = true;
  expect(await more(load)).toBeLessThan(RECOVERED_MS);
  await load.finish();
});

test('a server that ends, and is there again some time later', async () => {
  const file = `${testFolder()}/events.db`;
  let standIn: StandIn = await startStandIn({ file });
  const { port, url } = standIn;
  onTestFinished(() => standIn.close());
  const said: string[] = [];
  const store = await openEventStoreDb({ url, heartbeat: HEARTBEAT, onFault: (what) => said.push(what) });
  onTestFinished(store.close);
  const load = startLoad(store);
  for (let round = 0; round < 3; round++) {
    await more(load);
    await standIn.close();
    const heard = said.length;
    await until('it is missed', () => said.length > heard);
    standIn = await startStandIn({ file, port });
    expect(await more(load)).toBeLessThan(RECOVERED_MS);
  }
  await load.finish();
});

test(`a subscription that is cut, ended with OK, or given events twice and anew (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const fates: ReadFate[] = ['twice', 'again-older', 'cut', 'end'];
  const faults: StandInFaults = { delivery: () => (random.chance(0.03) ? random.pick(fates) : 'fine') };
  const { store, said } = await startWorld({ faults });
  const load = startLoad(store);
  await more(load, 300);
  await load.finish();
  expect(said.some((what) => what.startsWith('a subscription'))).toBe(true);
});

test('a subscription that is slow holds up nobody but itself', async () => {
  let { passed, open } = gate();
  let slow = false;
  const faults: StandInFaults = { delivery: () => (slow ? passed.then(() => 'fine' as const) : 'fine') };
  const { store } = await startWorld({ faults });
  const load = startLoad(store);
  for (let round = 0; round < 3; round++) {
    await more(load);
    slow = true;
    expect(await more(load, 100)).toBeLessThan(RECOVERED_MS);
    slow = false;
    open();
    ({ passed, open } = gate());
  }
  await load.finish();
});

test('an internal error, and a silence, when it is asked what the server can do', async () => {
  const answers: ('internal' | 'swallow')[] = ['internal', 'swallow', 'internal'];
  const { store } = await startWorld({ faults: { features: () => answers.shift() ?? 'fine' } });
  const load = startLoad(store);
  await more(load);
  await load.finish();
  expect(answers).toEqual([]);
});

test(`all of it at once (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const random = seeded(SEED + 1);
  const appendFates: AppendFate[] = ['cut-before', 'cut-after', 'end-after', 'mute', 'swallow', 'timeout', 'busy'];
  const readFates: ReadFate[] = ['twice', 'again-older', 'cut', 'end'];
  let calm = false;
  const faults: StandInFaults = {
    append: () => (!calm && random.chance(0.01) ? random.pick(appendFates) : 'fine'),
    delivery: () => (!calm && random.chance(0.005) ? random.pick(readFates) : 'fine'),
    read: () => (!calm && random.chance(0.02) ? random.pick(['unavailable', 'swallow'] as const) : 'fine') as 'fine',
    checkpointAhead: () => random.below(50),
  };
  const { store, standIn, proxy } = await startWorld({ faults, store: { heartbeat: HEARTBEAT } });
  const load = startLoad(store, { seed: SEED + 1 });
  for (let round = 0; round < 8; round++) {
    await until('work goes on', () => load.appends() > (round + 1) * 60, 60_000);
    random.pick([proxy.reset, proxy.freeze, () => standIn.goAway(50)])();
  }
  calm = true;
  await load.finish();
});
