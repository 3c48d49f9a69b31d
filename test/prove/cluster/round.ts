import { setTimeout as pause } from 'node:timers/promises';
import { behind, type Crowd, caughtUp, comesTrue, drained, firstWrongs, wrongsOf } from './crowd.ts';
import type { Cluster, Fault } from './faults.ts';
import type { Flood, Tally } from './flood.ts';
import { describeMemory, FLOOD_MIN_BYTES, judgeMemory, mib, watched, watchMemory } from './memory.ts';
import type { Row } from './table.ts';

/** Load between two faults, in which all must be well. */
const CALM_MS = 1_500;
/** A message that takes longer while nothing is broken is told of. */
const STALL_MS = 3_000;
/** Whoever has not caught up so long after what was broken is there again is told of. */
const SLOW_MS = 15_000;
const RECOVERED_WITHIN_MS = 90_000;
/** All that a flood has left behind lies before them. */
const DRAINED_WITHIN_MS = 600_000;
/** A flood that has brought enough ends before the fault does: the machine has to take in all of it afterwards. */
const ENOUGH_BYTES = 1.1 * FLOOD_MIN_BYTES;
const LOOK_EVERY_MS = 500;
/** Until the processes use as much as a flood takes where nothing is broken. */
const WARM_MS = 10_000;
/** What the load alone leaves behind at any time. */
const LAG_EVENTS_FEW = 200;

/** Those who talk, and the flood where it is needed. */
export interface Load {
  readonly listeners: Crowd;
  readonly flood: Flood | null;
}

export const everybody = ({ listeners, flood }: Load): Crowd => [...listeners, ...(flood?.crowd ?? [])];

/** Breaks it once, and waits until all is well again. */
export async function playRound(
  cluster: Cluster,
  load: Load,
  { fault, row }: { fault: Fault; row: Row },
): Promise<void> {
  const { listeners } = load;
  const inject = await fault.prepare(cluster);
  await calm(cluster, listeners);
  const before = wrongsOf(everybody(load));
  const flood = fault.flooded && load.flood ? await begin(cluster, load.flood, fault.flooded) : null;
  forgetWaits(listeners);
  const began = performance.now();
  await inject();
  flood?.end();
  const repaired = performance.now();
  const tellOf = (): void => cluster.say(`${fault.name}, not caught up yet: ${behind(everybody(load)).join('; ')}`);
  const slow = setTimeout(tellOf, SLOW_MS);
  const recovered = await caughtUp(listeners, flood ? DRAINED_WITHIN_MS : RECOVERED_WITHIN_MS);
  const took = { repairedMs: Math.round(repaired - began), caughtUpMs: Math.round(performance.now() - began) };
  const judged = await flood?.judge(row);
  clearTimeout(slow);
  if (!recovered || judged === 'stuck') {
    row.stuck++;
    tellOf();
  }
  enter(row, { load, before, recoveryMs: took.caughtUpMs });
  cluster.say(
    `${new Date().toISOString()} ${fault.name}, round ${row.recoveryMs.length}: repaired after ${took.repairedMs}, ` +
      `all caught up after ${took.caughtUpMs}, longest wait ${row.waitMs.at(-1)}, ` +
      `until acknowledged ${row.ackMs.at(-1)} ms ${firstWrongs(everybody(load))[0] ?? ''}`,
  );
  for (const process of cluster.processes) process.keepOutput(cluster.folder);
}

async function calm(cluster: Cluster, listeners: Crowd): Promise<void> {
  forgetWaits(listeners);
  await pause(CALM_MS + cluster.random.below(CALM_MS));
  const waited = longest(listeners.map(({ longestWaitMs }) => longestWaitMs));
  if (waited > STALL_MS) cluster.say(`a message took ${waited} ms where nothing was broken`);
}

function forgetWaits(listeners: Crowd): void {
  for (const listener of listeners) {
    listener.longestWaitMs = 0;
    listener.outbox.longestAckMs = 0;
  }
}

const longest = (ms: readonly number[]): number => Math.round(Math.max(...ms));

interface Entry {
  readonly load: Load;
  readonly before: ReturnType<typeof wrongsOf>;
  readonly recoveryMs: number;
}

function enter(row: Row, { load, before, recoveryMs }: Entry): void {
  const { listeners } = load;
  row.recoveryMs.push(recoveryMs);
  row.waitMs.push(longest(listeners.map(({ longestWaitMs }) => longestWaitMs)));
  row.ackMs.push(longest(listeners.map(({ outbox }) => outbox.longestAckMs)));
  const after = wrongsOf(everybody(load));
  for (const wrong of ['lost', 'duplicated', 'reordered', 'other'] as const) row[wrong] += after[wrong] - before[wrong];
}

interface Flooding {
  end(): void;
  /** Waits until nothing of the flood is left, then says what the processes used. */
  judge(row: Row): Promise<'drained' | 'stuck'>;
}

async function begin(cluster: Cluster, flood: Flood, counts: keyof Tally): Promise<Flooding> {
  await Promise.all(cluster.processes.map((process) => process.whole()));
  flood.begin();
  await pause(WARM_MS);
  const memory = await watchMemory(cluster.processes.map(watched));
  if (counts === 'offeredBytes') flood.insist();
  const before = flood.tally();
  const began = performance.now();
  let flooded = 0;
  const looking = setInterval(() => {
    if (flood.tally()[counts] - before[counts] >= ENOUGH_BYTES) flood.end();
  }, LOOK_EVERY_MS);
  return {
    end() {
      clearInterval(looking);
      flooded = flood.tally()[counts] - before[counts];
      flood.end();
      const { offeredBytes, takenBytes } = flood.tally();
      const offered = `${mib(offeredBytes - before.offeredBytes)} offered, ${mib(takenBytes - before.takenBytes)} taken`;
      cluster.say(`flooded for ${Math.round((performance.now() - began) / 1_000)} s: ${offered}`);
    },
    async judge(row) {
      const until = performance.now() + DRAINED_WITHIN_MS;
      const all =
        (await drained(flood.crowd, DRAINED_WITHIN_MS)) && (await comesTrue(() => viewsAreThere(cluster), until));
      const uses = await memory.end();
      row.memory = `${mib(flooded)} of a flood: ${describeMemory(uses)}`;
      const tooMuch = judgeMemory(uses, flooded).map((wrong) => `${row.fault}: ${wrong}`);
      for (const wrong of tooMuch) cluster.say(wrong);
      row.tooMuch.push(...tooMuch);
      return all ? 'drained' : 'stuck';
    },
  };
}

/** Each process for HTTP says it for the whole cluster. */
async function viewsAreThere({ processes }: Cluster): Promise<boolean> {
  const [one] = processes.filter(({ role }) => role === 'http');
  const lag = await one?.metric('hindsight_projection_lag_events');
  return typeof lag === 'number' && lag <= LAG_EVENTS_FEW;
}
