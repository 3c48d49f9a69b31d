import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import { createUlidFactory } from '../../infra/system/ids.ts';
import { call, openSocket, type SignedIn, signUp, type TestSocket } from '../support/protocol-client.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { launchServer, type ServerProcess, temporaryFolder } from '../support/server-process.ts';
import { ensure, type Part, scaled } from './part.ts';

const KILLS = 200;
const USERS = 4;
const CHATS = 3;
const IN_FLIGHT = 16;
const LONGEST_LIFE_MS = 400;
/** Every so many starts the server is killed while it is still starting. */
const KILL_WHILE_STARTING_EVERY = 10;
const STARTING_LIFE_MS = 600;

interface Send {
  chatId: string;
  messageId: string;
  text: string;
}

interface World {
  random: Seeded;
  data: string;
  users: SignedIn[];
  chats: string[];
  /** Sent, and not yet answered: sent again after each restart under the same id. */
  open: Map<string, Send>;
  acked: Map<string, Send & { seq: number; at: string }>;
}

const ulid = createUlidFactory();
const ENV = { HINDSIGHT_ACCESS_TOKEN_S: '86400' };

export const crashPart: Part = {
  name: 'crash',
  what: 'kill -9 at random moments under load: every acked message once, in order, no gaps, views equal to the log',
  async run({ share, seed, say }) {
    const random = seeded(seed);
    const kills = scaled(KILLS, share);
    const world: World = { random, data: temporaryFolder(), users: [], chats: [], open: new Map(), acked: new Map() };
    let server = await launchServer({ data: world.data, env: ENV }).ready;
    await populate(world, server);
    for (let kill = 1; kill <= kills; kill++) {
      await loadThenKill(world, server);
      if (kill % KILL_WHILE_STARTING_EVERY === 0) {
        const starting = launchServer({ data: world.data, env: ENV });
        starting.ready.catch(() => undefined);
        await pause(random.below(STARTING_LIFE_MS));
        await starting.kill();
      }
      server = await launchServer({ data: world.data, env: ENV }).ready;
      if (kill % 20 === 0) say(`${kill} kills, ${world.acked.size} acked`);
    }
    await resend(world, server);
    ensure(world.open.size === 0, `${world.open.size} sends were never answered`);
    const events = await checkChats(world, server);
    await server.stop();
    verifyViews(world.data);
    return { kills, acked: world.acked.size, events };
  },
};

async function populate(world: World, server: ServerProcess): Promise<void> {
  for (let i = 0; i < USERS; i++) world.users.push(await signUp(server.http, `crash_user_${i}`));
  const [owner] = world.users as [SignedIn];
  for (let i = 0; i < CHATS; i++) {
    const chatId = ulid();
    const members = world.users.slice(1).map(({ userId }) => userId);
    const started = await call(server.http, '/v1/chats', {
      token: owner.accessToken,
      body: { kind: 'group', chatId, title: `crash ${i}`, members },
    });
    ensure(started.status === 201, `chat: ${started.status} ${JSON.stringify(started.body)}`);
    world.chats.push(chatId);
  }
}

async function loadThenKill(world: World, server: ServerProcess): Promise<void> {
  const sockets = await Promise.all(world.users.map((user) => openSocket(server.gateway, user.accessToken)));
  let alive = true;
  const again = [...world.open.values()];
  const pumps = sockets.flatMap((socket, u) =>
    Array.from({ length: IN_FLIGHT }, async () => {
      while (alive) {
        // A send belongs to the user who made it: its id remembers whose turn it was.
        const index = again.findIndex(({ text }) => text.startsWith(`${u}:`));
        const send = index >= 0 ? (again.splice(index, 1)[0] as Send) : freshSend(world, u);
        if (!(await sendOnce(world, socket, send))) return;
      }
    }),
  );
  await pause(20 + world.random.below(LONGEST_LIFE_MS));
  await server.kill();
  alive = false;
  await Promise.all(pumps);
}

function freshSend(world: World, user: number): Send {
  const messageId = ulid();
  return { chatId: world.random.pick(world.chats), messageId, text: `${user}: ${messageId}` };
}

/** False where the connection ended: the send stays open. */
async function sendOnce(world: World, socket: TestSocket, send: Send): Promise<boolean> {
  world.open.set(send.messageId, send);
  const answer = await socket.request('send', { ...send }).catch(() => null);
  if (answer === null) return false;
  if (answer['ok'] !== true) {
    const { code, retryable } = answer['error'] as { code: string; retryable: boolean };
    ensure(retryable, `a send was refused: ${code}`);
    return true;
  }
  world.open.delete(send.messageId);
  world.acked.set(send.messageId, { ...send, seq: answer['seq'] as number, at: answer['at'] as string });
  return true;
}

async function resend(world: World, server: ServerProcess): Promise<void> {
  for (const [u, user] of world.users.entries()) {
    const socket = await openSocket(server.gateway, user.accessToken);
    for (const send of [...world.open.values()].filter(({ text }) => text.startsWith(`${u}:`)))
      await sendOnce(world, socket, send);
    // A late repeat of what was acked is answered as at first.
    for (const acked of [...world.acked.values()].filter(({ text }) => text.startsWith(`${u}:`)).slice(0, 50)) {
      const { seq, at, ...send } = acked;
      const answer = await socket.request('send', { ...send });
      ensure(
        answer['seq'] === seq && answer['at'] === at,
        `a repeat of ${send.messageId} was answered ${JSON.stringify(answer)}`,
      );
    }
    socket.close();
  }
}

interface Event {
  seq: number;
  type: string;
  at: string;
  data: { messageId?: string; text?: string; number?: number };
}

async function checkChats(world: World, server: ServerProcess): Promise<number> {
  const [owner] = world.users as [SignedIn];
  let total = 0;
  for (const chatId of world.chats) {
    const seen = new Map<string, Event>();
    let after: number | null = 0;
    let expected = 1;
    while (after !== null) {
      const page: { status: number; body: { events: Event[]; next: number | null } } = await call(
        server.http,
        `/v1/chats/${chatId}/events?after=${after}&limit=1000`,
        {
          token: owner.accessToken,
        },
      );
      ensure(page.status === 200, `events: ${page.status} ${JSON.stringify(page.body)}`);
      for (const event of page.body.events) {
        ensure(event.seq === expected++, `${chatId}: seq ${event.seq} where ${expected - 1} was expected`);
        if (event.type !== 'MessageSent') continue;
        const id = event.data.messageId as string;
        ensure(!seen.has(id), `${chatId}: message ${id} twice`);
        ensure(event.data.number === seen.size + 1, `${chatId}: number ${event.data.number} at ${event.seq}`);
        seen.set(id, event);
      }
      after = page.body.next;
    }
    total += expected - 1;
    for (const acked of world.acked.values()) {
      if (acked.chatId !== chatId) continue;
      const event = seen.get(acked.messageId);
      ensure(
        event?.seq === acked.seq && event.at === acked.at && event.data.text === acked.text,
        `acked ${JSON.stringify(acked)}, found ${JSON.stringify(event)}`,
      );
    }
  }
  return total;
}

function verifyViews(data: string): void {
  const verified = spawnSync(process.execPath, ['bin/hindsight.mjs', 'projections', 'verify', 'all', '--json'], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, HINDSIGHT_DATA: data },
    encoding: 'utf8',
  });
  ensure(verified.status === 0, `projections verify: exit ${verified.status}\n${verified.stdout}\n${verified.stderr}`);
}
