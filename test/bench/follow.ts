import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openLog } from '../../bin/embedded/open-log.ts';
import { ids } from '../../bin/write-side.ts';
import { encodeEvent } from '../../commands/encode.ts';
import { plain } from '../../events/content.ts';
import { type EventLog, type EventStore, NO_STREAM } from '../../events/event-store.ts';
import { openEventStoreDb } from '../../infra/eventstoredb/event-store.ts';
import { startStandIn } from '../../infra/eventstoredb/stand-in/index.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { readEventStream } from '../../queries/event-stream/index.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { percentile, type Verdict } from './pairs.ts';

const APPENDS = 300;
/** So long an embedded log waits before it looks again by itself: with a poll in the way the median would be half of it. */
const POLL_MS = 25;
const GOAL = 0.2;

/** From the answer to an append until the line is there: through the store's own subscription, on both adapters. */
export async function benchFollow(): Promise<Verdict[]> {
  const folder = temporaryFolder();
  const file = join(folder, 'events.db');
  const log = await openLog({ file });
  const other = await openEventLog({ file, watch: true });
  const standIn = await startStandIn({ file: join(folder, 'stand-in.db') });
  const cluster = await openEventStoreDb({ url: standIn.url, heartbeat: null });
  const second = await openEventStoreDb({ url: standIn.url, heartbeat: null });
  try {
    return [
      verdict('in the server itself', await delays(log.store, log.store)),
      verdict('in another process on the same folder', await delays(log.store, other)),
      verdict('over an event store', await delays(cluster, second)),
    ];
  } finally {
    await Promise.all([second.close(), cluster.close(), other.close(), log.close()]);
    await standIn.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function verdict(where: string, ms: readonly number[]): Verdict {
  const p50 = percentile(ms, 50);
  return {
    bench: 'follow',
    what: `append answered → line, ${where}: median ÷ the ${POLL_MS} ms of a poll`,
    ratio: p50 / POLL_MS,
    target: { is: 'at most', value: GOAL },
    details: { p50Ms: p50, p99Ms: percentile(ms, 99), appends: APPENDS },
  };
}

async function delays(store: EventStore, log: EventLog): Promise<number[]> {
  const chatId = ids.ulid();
  const aborter = new AbortController();
  const arrived: number[] = [];
  const counted = createCounter();
  const reading = (async () => {
    const options = { log, filter: { chatId }, content: true, follow: true, signal: aborter.signal };
    for await (const { ends } of readEventStream(options)) {
      for (const _ of ends) arrived.push(performance.now());
      counted.reach(arrived.length);
    }
  })();
  const answered: number[] = [];
  for (let n = 0; n < APPENDS; n++) {
    await append(store, chatId, n);
    answered.push(performance.now());
    await counted.reached(n + 1);
  }
  aborter.abort();
  await reading;
  // A line may be there before the answer: that is no delay.
  return answered.map((at, n) => Math.max(0, (arrived[n] ?? Number.NaN) - at));
}

function createCounter() {
  let count = 0;
  let wake: () => void = () => undefined;
  return {
    reach(value: number): void {
      count = value;
      wake();
    },
    async reached(value: number): Promise<void> {
      while (count < value) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

async function append(store: EventStore, chatId: string, n: number): Promise<void> {
  const commandId = ids.ulid();
  const data =
    n === 0
      ? { kind: 'group', members: [], historyVisibility: 'all', pastContent: 'then' }
      : { messageId: commandId, number: n, text: plain(`said ${n}`) };
  const of = { stream: `chat-${chatId}`, actor: chatId, at: Date.now(), commandId, correlationId: commandId };
  const event = encodeEvent({ ...of, type: n === 0 ? 'ChatStarted' : 'MessageSent', data }, ids);
  await store.append(of.stream, n === 0 ? NO_STREAM : n - 1, [event]);
}
