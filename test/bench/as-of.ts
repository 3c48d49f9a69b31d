import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openEventLog, openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { chatLogReader } from '../../queries/chat-log/log-reader.ts';
import { createQueries, type Point, type Queries } from '../../queries/index.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { builtViews } from '../support/views.ts';
import { historyId, type WrittenHistory, writeHistory } from './long-history.ts';
import { median, percentile, type Verdict } from './pairs.ts';

const MESSAGES = { long: 1_000_000, short: 1_000 };
const MEMBERS = 10_000;
const REACTIONS = 100_000;
/** Forty messages between the reactions: the hot one stays on the page while they come. */
const REACTIONS_PER_MESSAGE = 2_500;
/** One as-of page of the long chat in ten has the hot message on it, so that it decides the p99. */
const HOT_EVERY = 10;
const PAGE_MESSAGES = 50;
const ROUNDS = 9;
const SAMPLES = 1_000;
const WARM_UP_SAMPLES = 500;
const SEED = 11;
const HISTORY_GOAL = 1.25;
const LATEST_GOAL = 1.5;

/**
 * Pages as of points anywhere in a chat of a million messages, against those in a chat of a thousand and against the
 * latest page; samples of all kinds take turns, the p99s of a round are compared, and the median round counts. In this
 * process, so that no network's noise hides what a longer history would cost.
 */
export async function benchAsOf(): Promise<Verdict[]> {
  const folder = temporaryFolder();
  try {
    const file = join(folder, 'events.db');
    const world = await write(file);
    const log = await openEventLog({ file });
    const views = await builtViews(log, folder);
    const head = await log.head();
    const queries = createQueries({
      ...views,
      chatLog: chatLogReader(log),
      progress: { position: () => head, reached: async () => true, lagMs: () => 0 },
      head: () => log.head(),
      epoch: log.epoch,
      access: async () => null,
      clock: systemClock,
      userSearch: 'prefix',
    });
    const verdicts = await measure(queries, world);
    views.close();
    await log.close();
    return verdicts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface World {
  viewer: string;
  long: WrittenHistory;
  short: WrittenHistory;
}

async function write(file: string): Promise<World> {
  const members = Array.from({ length: MEMBERS }, (_, n) => historyId('V', n));
  const store = await openSqliteEventStore({ file });
  const hot = { number: MESSAGES.long / 2, reactions: REACTIONS, perMessage: REACTIONS_PER_MESSAGE };
  const long = await writeHistory(store, { chatId: historyId('C', 1), members, messages: MESSAGES.long, hot });
  const short = await writeHistory(store, { chatId: historyId('C', 2), members, messages: MESSAGES.short, hot: null });
  await store.close();
  return { viewer: members[0] as string, long, short };
}

type Kind = 'long' | 'short' | 'latest' | 'longByTime' | 'shortByTime' | 'hot';
type Samples = Record<Kind, number[]>;

async function measure(queries: Queries, world: World): Promise<Verdict[]> {
  const random = seeded(SEED);
  const rounds: Samples[] = [];
  await round(queries, world, { random, samples: WARM_UP_SAMPLES });
  for (let n = 0; n < ROUNDS; n++) rounds.push(await round(queries, world, { random, samples: SAMPLES }));
  const p99 = (kind: Kind): number => median(rounds.map((samples) => percentile(samples[kind], 99)));
  const ratio = (kind: Kind, to: Kind): number =>
    median(rounds.map((samples) => percentile(samples[kind], 99) / percentile(samples[to], 99)));
  const us = (kind: Kind) => ({
    p50: Math.round(median(rounds.map((samples) => percentile(samples[kind], 50))) * 1_000),
    p99: Math.round(p99(kind) * 1_000),
  });
  const history = (kind: Kind, to: Kind, how: string): Verdict => ({
    bench: 'as-of',
    what: `page as of ${how} p99 in a chat of a million messages ÷ of a thousand`,
    ratio: ratio(kind, to),
    target: { is: 'at most', value: HISTORY_GOAL },
    details: { longUs: us(kind), shortUs: us(to), hotUs: us('hot'), seed: SEED },
  });
  const latest = (kind: Kind, how: string): Verdict => ({
    bench: 'as-of-latest',
    what: `page as of ${how} p99 in a chat of a million messages ÷ its latest page`,
    ratio: ratio(kind, 'latest'),
    target: { is: 'at most', value: LATEST_GOAL },
    details: { asOfUs: us(kind), latestUs: us('latest') },
  });
  return [
    history('long', 'short', 'a seq'),
    latest('long', 'a seq'),
    history('longByTime', 'shortByTime', 'a time'),
    latest('longByTime', 'a time'),
  ];
}

async function round(
  queries: Queries,
  { viewer, long, short }: World,
  { random, samples }: { random: Seeded; samples: number },
): Promise<Samples> {
  const taken: Samples = { long: [], short: [], latest: [], longByTime: [], shortByTime: [], hot: [] };
  const page = async (kind: Kind, chat: WrittenHistory, asOf?: Point): Promise<number> => {
    const before = performance.now();
    const answer = await queries.messages(viewer, chat.chatId, {
      limit: PAGE_MESSAGES,
      ...(asOf !== undefined && { asOf }),
    });
    const took = performance.now() - before;
    if (!answer.ok || answer.value.messages.length !== PAGE_MESSAGES)
      throw new Error(`no page: ${JSON.stringify(asOf)}`);
    taken[kind].push(took);
    return took;
  };
  const byTime = (chat: WrittenHistory, seq: number): Point => ({ time: chat.endMs - (chat.headSeq - seq) * 1_000 });
  for (let n = 0; n < samples; n++) {
    const hot = n % HOT_EVERY === 0 ? hotSeq(long, random) : null;
    const longSeq = hot ?? anySeq(long, random);
    const shortSeq = anySeq(short, random);
    const took = await page('long', long, { seq: longSeq });
    if (hot !== null) taken.hot.push(took);
    await page('short', short, { seq: shortSeq });
    await page('latest', long);
    await page('longByTime', long, byTime(long, longSeq));
    await page('shortByTime', short, byTime(short, shortSeq));
  }
  return taken;
}

/** A point with a full page behind it. */
const anySeq = ({ headSeq }: WrittenHistory, random: Seeded): number =>
  PAGE_MESSAGES + 1 + random.below(headSeq - PAGE_MESSAGES);

/** A point at which the hot message is on the page, with few reactions or with all of them. */
function hotSeq({ hot }: WrittenHistory, random: Seeded): number {
  if (!hot) throw new Error('no message is hot');
  return hot.seq + random.below(hot.lastReactionSeq - hot.seq + 1);
}
