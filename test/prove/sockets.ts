import { setTimeout as pause } from 'node:timers/promises';
import { createUlidFactory } from '../../infra/system/ids.ts';
import {
  call,
  type Frame,
  openSocket,
  type SignedIn,
  signIn,
  signUp,
  type TestSocket,
} from '../support/protocol-client.ts';
import { seeded } from '../support/seeded.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { ensure, type Part, scaled } from './part.ts';

const SOCKETS = 2_000;
const USERS = 50;
const CHATS = 10;
const SENDS_PER_S = 60;
const CUTS_PER_SOCKET = 3;
const SIGN_INS_AT_ONCE = 4;
const LONGEST_ABSENCE_MS = 3_000;
const LONGEST_STAY_MS = 6_000;

/** One listener: what it has seen of each chat, kept over all its connections. */
interface Listener {
  session: SignedIn;
  lastSeq: Map<string, number>;
  events: number;
  resyncs: number;
}

const ulid = createUlidFactory();

export const socketsPart: Part = {
  name: 'sockets',
  what: 'sockets cut at random and resumed under load: each saw every seq once, in order',
  async run({ share, seed, say }) {
    const random = seeded(seed);
    const server = await startServerProcess({ env: { HINDSIGHT_ACCESS_TOKEN_S: '86400' } });
    const users = Math.max(2, scaled(USERS, Math.sqrt(share)));
    const listeners = await signInAll(server, { users, sockets: scaled(SOCKETS, share) });
    say(`${listeners.length} sessions of ${users} users`);
    const chats = await startChats(
      server,
      listeners.slice(0, users).map(({ session }) => session),
    );
    const load = sendAll(server, { senders: listeners.slice(0, users).map(({ session }) => session), chats });
    await Promise.all(
      listeners.map(async (listener) => {
        for (let cut = 0; cut < CUTS_PER_SOCKET; cut++) {
          const socket = await listen(server, listener);
          await pause(random.below(LONGEST_STAY_MS));
          socket.cut();
          await socket.closed;
          await pause(random.below(LONGEST_ABSENCE_MS));
        }
      }),
    );
    load.stop();
    const sent = await load.done;
    const heads = new Map(
      await Promise.all(
        [...chats.keys()].map(async (chatId) => [chatId, await headOf(server, chats, chatId)] as const),
      ),
    );
    for (const listener of listeners) await checkFinal(server, listener, { chats, heads });
    ensure((await server.stop()) === 0, 'the server did not stop cleanly');
    ensure(!server.output().includes('unhandled'), server.output());
    return {
      sockets: listeners.length,
      cuts: listeners.length * CUTS_PER_SOCKET,
      sent,
      eventsSeen: listeners.reduce((sum, { events }) => sum + events, 0),
      resyncs: listeners.reduce((sum, { resyncs }) => sum + resyncs, 0),
    };
  },
};

async function signInAll(server: ServerProcess, count: { users: number; sockets: number }): Promise<Listener[]> {
  const names = Array.from({ length: count.users }, (_, i) => `socket_user_${i}`);
  const first = await inLanes(names, (name) => signUp(server.http, name));
  const more = Array.from(
    { length: Math.max(0, count.sockets - count.users) },
    (_, i) => names[i % names.length] as string,
  );
  const sessions = [...first, ...(await inLanes(more, (name) => signIn(server.http, name)))];
  return sessions.map((session) => ({ session, lastSeq: new Map(), events: 0, resyncs: 0 }));
}

async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: SIGN_INS_AT_ONCE }, lane));
  return results;
}

/** Each chat has a fifth of the users, the first of them among its members everywhere. */
async function startChats(server: ServerProcess, users: readonly SignedIn[]): Promise<Map<string, SignedIn[]>> {
  const chats = new Map<string, SignedIn[]>();
  for (let c = 0; c < CHATS; c++) {
    const members = users.filter((_, u) => u === 0 || u % CHATS === c % CHATS || (u + 1) % CHATS === c);
    const chatId = ulid();
    const started = await call(server.http, '/v1/chats', {
      token: (members[0] as SignedIn).accessToken,
      body: { kind: 'group', chatId, title: `sockets ${c}`, members: members.slice(1).map(({ userId }) => userId) },
    });
    ensure(started.status === 201, `chat: ${started.status} ${JSON.stringify(started.body)}`);
    chats.set(chatId, members);
  }
  return chats;
}

function sendAll(
  server: ServerProcess,
  { senders, chats }: { senders: readonly SignedIn[]; chats: Map<string, SignedIn[]> },
): { stop(): void; done: Promise<number> } {
  let running = true;
  const ids = [...chats.keys()];
  const done = (async () => {
    const token = (senders[0] as SignedIn).accessToken;
    let sent = 0;
    while (running) {
      const chatId = ids[sent % ids.length] as string;
      const answer = await call(server.http, `/v1/chats/${chatId}/messages`, {
        token,
        body: { text: `message ${sent}` },
      });
      ensure(answer.status === 201, `send: ${answer.status} ${JSON.stringify(answer.body)}`);
      sent++;
      await pause(1_000 / SENDS_PER_S);
    }
    return sent;
  })();
  return { stop: () => (running = false), done };
}

/** Connects, syncs from what was seen before, and holds every event against the last one. */
async function listen(server: ServerProcess, listener: Listener): Promise<TestSocket> {
  const socket = await openSocket(server.gateway, listener.session.accessToken);
  const gapped = new Set<string>();
  const news = (frame: Frame): void => {
    const chatId = frame['chatId'] as string;
    if (frame['ev'] === 'event') {
      if (gapped.has(chatId)) throw new Error(`an event of ${chatId} after a resync`);
      const seq = frame['seq'] as number;
      const last = listener.lastSeq.get(chatId) ?? 0;
      if (seq !== last + 1) throw new Error(`${listener.session.username}: ${chatId} seq ${seq} after ${last}`);
      listener.lastSeq.set(chatId, seq);
      listener.events++;
    } else if (frame['ev'] === 'resync') {
      listener.resyncs++;
      if (frame['reason'] === 'new') {
        // A chat that this listener has not read yet is read from its beginning.
        gapped.add(chatId);
      } else throw new Error(`unexpected resync ${JSON.stringify(frame)}`);
    }
  };
  let wrong: Error | null = null;
  socket.onFrame((frame) => {
    try {
      news(frame);
    } catch (error) {
      wrong ??= error as Error;
    }
  });
  const sync = (chats: Record<string, number>): Promise<Frame> =>
    socket.request('sync', { chats }).catch((error: Error) => {
      throw new Error(
        `sync: ${error.message}; its last frames: ${JSON.stringify(socket.frames.slice(-3))}; the server says: ${server.output()}`,
      );
    });
  let answer = await sync(Object.fromEntries(listener.lastSeq));
  if (gapped.size > 0) {
    const named = [...gapped];
    gapped.clear();
    answer = await sync({
      ...Object.fromEntries(listener.lastSeq),
      ...Object.fromEntries(named.map((chatId) => [chatId, 0])),
    });
  }
  ensure(answer['ok'] === true && answer['caughtUp'] === true, `sync: ${JSON.stringify(answer)}`);
  void socket.closed.then(() => {
    if (wrong) failures.push(wrong);
  });
  return socket;
}

const failures: Error[] = [];

async function headOf(server: ServerProcess, chats: Map<string, SignedIn[]>, chatId: string): Promise<number> {
  const member = (chats.get(chatId) as SignedIn[])[0] as SignedIn;
  const chat = await call<{ headSeq: number; asOf: { seq: number } }>(server.http, `/v1/chats/${chatId}`, {
    token: member.accessToken,
  });
  ensure(chat.status === 200, `chat: ${chat.status}`);
  return chat.body.headSeq;
}

/** A last connection brings every listener to the head of each of its chats. */
async function checkFinal(
  server: ServerProcess,
  listener: Listener,
  { chats, heads }: { chats: Map<string, SignedIn[]>; heads: Map<string, number> },
): Promise<void> {
  const socket = await listen(server, listener);
  const mine = [...chats].filter(([, members]) => members.some(({ userId }) => userId === listener.session.userId));
  for (const [chatId] of mine) {
    const seen = listener.lastSeq.get(chatId);
    ensure(
      seen === heads.get(chatId),
      `${listener.session.username}: saw ${chatId} through ${seen}, its head is ${heads.get(chatId)}`,
    );
  }
  socket.cut();
  await socket.closed;
  const [failure] = failures;
  if (failure) throw failure;
}
