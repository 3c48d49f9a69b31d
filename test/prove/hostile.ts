import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createUlidFactory } from '../../infra/system/ids.ts';
import { call, type Frame, openSocket, type SignedIn, signUp } from '../support/protocol-client.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { fields, garbage, hostileFrame, hostileValue, METHODS, PATHS, printable, QUERIES } from './hostile-input.ts';
import { ensure, type Part, scaled } from './part.ts';

const HOSTILE = 100_000;
/** Of all that is sent: frames on sockets, requests over HTTP, bytes that are neither. */
const FRAME_SHARE = 0.8;
const REQUEST_SHARE = 0.19;
const LANES = 8;
const FRAMES_PER_SOCKET = 500;
const BYTES_DEADLINE_MS = 15_000;
/** From a frame that is not answered to the end of its socket. */
const CLOSES_WITHIN_MS = 5_000;
/** Characters of what was sent, where it is told of. */
const SHOWN = 300;

const KNOWN_CLOSES = new Set([4400, 4401, 4403, 4408, 4409, 4410, 4413, 4429, 4503]);

interface World {
  server: ServerProcess;
  random: Seeded;
  user: SignedIn;
  chatId: string;
  answered: number;
  closed: number;
}

const ulid = createUlidFactory();

export const hostilePart: Part = {
  name: 'hostile',
  what: 'malformed and hostile frames and requests: each answered with a coded error or closed with the right code, nothing falls over',
  async run({ share, seed, say }) {
    const server = await startServerProcess({ env: { HINDSIGHT_ACCESS_TOKEN_S: '86400' } });
    const user = await signUp(server.http, 'mallory');
    const chatId = ulid();
    const started = await call(server.http, '/v1/chats', {
      token: user.accessToken,
      body: { kind: 'group', chatId, title: 'target', members: [] },
    });
    ensure(started.status === 201, `chat: ${started.status}`);
    const world: World = { server, random: seeded(seed), user, chatId, answered: 0, closed: 0 };
    const total = scaled(HOSTILE, share);
    await frames(world, Math.round(total * FRAME_SHARE));
    say(`frames: ${world.answered} answered, ${world.closed} sockets closed`);
    await inLanes(Math.round(total * REQUEST_SHARE), () => hostileRequest(world));
    say('requests done');
    await inLanes(Math.round(total * (1 - FRAME_SHARE - REQUEST_SHARE)), () => hostileBytes(world));
    await stillWell(world);
    ensure((await server.stop()) === 0, 'the server did not stop cleanly');
    ensure(!/unhandled|uncaught/i.test(server.output()), server.output());
    return { total, answered: world.answered, closed: world.closed };
  },
};

async function inLanes(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Frames in sequence on a socket; each one that can be answered is, before the next goes out. */
async function frames(world: World, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const socket = await openSocket(world.server.gateway, world.user.accessToken);
    let [over, byUs] = [false, false];
    void socket.closed.then(() => (over = true));
    for (let i = 0; i < FRAMES_PER_SOCKET && left > 0 && !over; i++, left--) {
      const { text, id } = hostileFrame(world);
      socket.sendRaw(text);
      if (id === null) continue;
      const answer = await Promise.race([
        socket.until((frame) => frame['id'] === id),
        socket.closed.then(() => null),
      ]).catch(() => null);
      if (answer === null) {
        await Promise.race([socket.closed, pause(CLOSES_WITHIN_MS)]);
        ensure(over, `not answered: ${String(text).slice(0, SHOWN)}`);
        break;
      }
      checkAnswer(answer, text);
      world.answered++;
      socket.frames.length = 0;
    }
    if (!over) {
      // Whatever could not be answered is behind us once this is.
      const pong = await socket.request('ping').catch(() => null);
      byUs = pong !== null;
      if (byUs) socket.close();
    }
    const code = await socket.closed;
    world.closed++;
    ensure(byUs || KNOWN_CLOSES.has(code), `closed with ${code}`);
  }
}

function checkAnswer(answer: Frame, sent: string | Buffer): void {
  if (answer['ok'] === true) return;
  const error = answer['error'] as { code?: unknown; message?: unknown; retryable?: unknown } | undefined;
  ensure(
    typeof error?.code === 'string' &&
      error.code !== 'internal' &&
      typeof error.message === 'string' &&
      typeof error.retryable === 'boolean',
    `${String(sent).slice(0, SHOWN)} was answered ${JSON.stringify(answer)}`,
  );
}

async function hostileRequest(world: World): Promise<void> {
  const { random, server, user } = world;
  const path = random.pick(PATHS).replaceAll(':x', () => encodeURIComponent(printable(hostileValue(world))));
  const query = Array.from(
    { length: random.below(3) },
    () => `${random.pick(QUERIES)}=${encodeURIComponent(printable(hostileValue(world)))}`,
  ).join('&');
  const method = random.pick(METHODS);
  const bodied = method !== 'GET' && method !== 'HEAD' && random.below(4) > 0;
  const body = random.below(4) === 0 ? garbage(random, random.below(300)) : JSON.stringify(fields(world));
  const response = await fetch(`${server.http}${path}?${query}`, {
    method,
    headers: {
      ...(random.below(4) > 0 && {
        authorization: random.below(5) > 0 ? `Bearer ${user.accessToken}` : `Bearer ${ulid()}.${ulid()}.${ulid()}`,
      }),
      ...(bodied && {
        'content-type': random.pick([
          'application/json',
          'application/json',
          'application/json',
          'text/plain',
          'multipart/form-data',
          'application/x-www-form-urlencoded',
        ]),
      }),
      ...(random.below(6) === 0 && { 'idempotency-key': random.pick([ulid(), 'x', '1'.repeat(300)]) }),
    },
    ...(bodied && { body }),
    redirect: 'manual',
  });
  const text = await response.text();
  const what = `${method} ${path}?${query} ${String(body).slice(0, 200)}: ${response.status} ${text.slice(0, 300)}`;
  ensure(response.status < 500, what);
  if (response.status >= 400 && method !== 'HEAD') {
    ensure(response.headers.get('content-type')?.startsWith('application/problem+json') === true, what);
    ensure(typeof (JSON.parse(text) as { code?: unknown }).code === 'string', what);
  }
  world.answered++;
}

/** Bytes that are no request, to either port: the connection must end, the server must not. */
async function hostileBytes(world: World): Promise<void> {
  const { random, server } = world;
  const { hostname, port } = new URL(random.below(2) === 0 ? server.http : server.gateway);
  const head = random.pick([
    '',
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /v1/ws HTTP/1.1\r\nUpgrade: websocket\r\n',
    'POST /v1/users HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
    'GET /v1/ws HTTP/9.9\r\n\r\n',
  ]);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(BYTES_DEADLINE_MS, end);
    socket.once('connect', () => socket.end(Buffer.concat([Buffer.from(head), garbage(random, random.below(500))])));
    socket.once('close', end);
    socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? reject(error) : end()));
    socket.resume();
  });
}

/** After all that, an honest client is served as ever. */
async function stillWell(world: World): Promise<void> {
  const socket = await openSocket(world.server.gateway, world.user.accessToken);
  const answer = await socket.request('send', { chatId: world.chatId, messageId: ulid(), text: 'still here' });
  ensure(answer['ok'] === true && answer['changed'] === true, JSON.stringify(answer));
  socket.close();
  const ready = await call(world.server.http, '/readyz');
  ensure(ready.status === 200, `readyz: ${ready.status}`);
}
