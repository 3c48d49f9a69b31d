import { createUlidFactory } from '../../infra/system/ids.ts';
import { call, type SignedIn, signUp } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { runChild } from './child.ts';
import { MESSAGE_TEXT } from './message-text.ts';
import { median, pairs, type Verdict } from './pairs.ts';

const PAIRS = 5;
const SECONDS = 4;
const USERS = 16;
const CHATS_PER_USER = 1;
const IN_FLIGHT = 64;
/** What the raw loop commits at once: as many as all senders together have in flight. */
const GROUP = USERS * IN_FLIGHT;
/** Bytes of the data of such an event. */
const DATA_BYTES = 180;
const LOOP_DELAY_MAX_MS = 5;

interface Sends {
  perSecond: number;
  acked: number;
  refused: number;
  p50: number;
  p99: number;
}

interface SendWorld {
  server: ServerProcess;
  users: SignedIn[];
  chatIds: string[];
}

async function sendWorld(): Promise<SendWorld> {
  const server = await startServerProcess({ env: { HINDSIGHT_ACCESS_TOKEN_S: '86400' } });
  const users: SignedIn[] = [];
  const chatIds: string[] = [];
  const ulid = createUlidFactory();
  for (let u = 0; u < USERS * CHATS_PER_USER; u++) {
    const user = await signUp(server.http, `bench_user_${u}`);
    const chatId = ulid();
    const started = await call(server.http, '/v1/chats', {
      token: user.accessToken,
      body: { kind: 'group', chatId, title: 'bench', members: [] },
    });
    if (started.status !== 201) throw new Error(`chat: ${started.status}`);
    users.push(user);
    chatIds.push(chatId);
  }
  return { server, users, chatIds };
}

const send = ({ server, users, chatIds }: SendWorld): Promise<Sends> =>
  sendLoad({ url: server.gateway, tokens: users.map(({ accessToken }) => accessToken), chatIds, seconds: SECONDS });

/** As many sends as the server takes, from one socket per token to the chat of the same place. */
export const sendLoad = (load: {
  url: string;
  tokens: readonly string[];
  chatIds: readonly string[];
  seconds: number;
}): Promise<Sends> =>
  runChild<Sends>('load-process', [JSON.stringify({ ...load, inFlight: IN_FLIGHT, text: MESSAGE_TEXT })]);

export async function benchSends(): Promise<Verdict[]> {
  const world = await sendWorld();
  const runs: Sends[] = [];
  const result = await pairs(
    PAIRS,
    async () =>
      (await runChild<{ perSecond: number }>('raw-commit', [SECONDS, GROUP, DATA_BYTES].map(String))).perSecond,
    async () => {
      const run = await send(world);
      runs.push(run);
      return run.perSecond;
    },
  );
  const loopDelayMs = await loopDelayP99(world.server);
  await world.server.stop();
  const refused = runs.reduce((sum, run) => sum + run.refused, 0);
  return [
    {
      bench: 'sends',
      what: 'durable acked sends per second over WebSocket ÷ a raw group-commit loop on the same schema',
      ratio: result.ratio,
      target: { is: 'at least', value: 0.5 },
      details: {
        raw: Math.round(median(result.baseline)),
        product: Math.round(median(result.product)),
        refused,
        p99Ms: median(runs.map(({ p99 }) => p99)),
      },
    },
    {
      bench: 'loop-delay',
      what: "event-loop delay p99 of the gateway's thread during those sends, in milliseconds",
      ratio: loopDelayMs,
      target: { is: 'at most', value: LOOP_DELAY_MAX_MS },
      details: {},
    },
  ];
}

/** Since the metrics were last asked for; the histogram's own resolution is 10 ms, which is taken off. */
async function loopDelayP99(server: ServerProcess): Promise<number> {
  const text = await (await fetch(`${server.http}/metrics`)).text();
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds ([\d.e-]+)$/m.exec(text) ?? [];
  return Math.max(0, Number(seconds) * 1_000 - 10);
}
