import { setTimeout as pause } from 'node:timers/promises';
import { createUlidFactory } from '../../../infra/system/ids.ts';
import { call, type SignedIn, signUp } from '../../support/protocol-client.ts';
import type { Seeded } from '../../support/seeded.ts';
import { ensure } from '../part.ts';
import { type FirstTried, Listener } from './listener.ts';
import type { RoleProcess } from './role-process.ts';

const USERS = 12;
const CHATS = 6;
const MEMBERS = 4;
const SENDS_PER_S = 1;
const RECOVERED_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 50;
/** More than these are not answered by everybody at any time. */
const OPEN_MANY = 3;

export interface Wrong {
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/** Clients that talk to each other in groups, each of which sees to itself. */
export interface Load {
  readonly listeners: readonly Listener[];
  /**
   * Resolves true once everything that was tried until now, and something of everybody that was not, is acknowledged and
   * has come to everybody; false where that takes too long.
   */
  caughtUp(): Promise<boolean>;
  /** Who lacks what, and what they are at, in words. */
  behind(): string[];
  wrongs(): Wrong;
  /** In words, the first of each client. */
  firstWrongs(): string[];
  /** Sends no more, and waits until everything is answered and has come. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export async function startLoad(processes: readonly RoleProcess[], random: Seeded): Promise<Load> {
  const listeners = await populate(processes, random);
  for (const listener of listeners) listener.start(SENDS_PER_S);
  const load: Load = {
    listeners,
    caughtUp: () => caughtUp(listeners),
    behind: () => [
      ...listeners.filter(({ unanswered }) => unanswered > OPEN_MANY).map(waiting),
      ...behind(listeners, headsOf(listeners)).map(lacking),
    ],
    wrongs: () => wrongsOf(listeners),
    firstWrongs: () => listeners.flatMap(({ ledger }) => ledger.wrongs.first ?? []),
    async settle() {
      for (const listener of listeners) listener.stopSending();
      for (
        const until = performance.now() + RECOVERED_WITHIN_MS;
        listeners.some(({ unanswered }) => unanswered > 0);
      ) {
        ensure(performance.now() < until, 'some sends were never answered');
        await pause(LOOK_EVERY_MS);
      }
      ensure(await caughtUp(listeners, false), `never caught up: ${load.behind().join(', ')}`);
    },
    stop: async () => void (await Promise.all(listeners.map((listener) => listener.stop()))),
  };
  return load;
}

async function populate(processes: readonly RoleProcess[], random: Seeded): Promise<Listener[]> {
  const http = (): string => random.pick(processes.filter(({ role }) => role.includes('http'))).server().http;
  const users: SignedIn[] = [];
  for (let i = 0; i < USERS; i++) users.push(await signUp(http(), `fault_user_${i}`));
  const chatsOf = new Map<string, string[]>(users.map(({ userId }) => [userId, []]));
  const ulid = createUlidFactory();
  for (let c = 0; c < CHATS; c++) {
    const members = users.filter((_, u) => (u + c * (USERS / CHATS)) % USERS < MEMBERS);
    const [owner] = members as [SignedIn];
    const chatId = ulid();
    const others = members.slice(1).map(({ userId }) => userId);
    const body = { kind: 'group', chatId, title: `faults ${c}`, members: others };
    const started = await call(http(), '/v1/chats', { token: owner.accessToken, body });
    ensure(started.status === 201, `chat: ${started.status} ${JSON.stringify(started.body)}`);
    for (const { userId } of members) chatsOf.get(userId)?.push(chatId);
  }
  const firstTried: FirstTried = new Map();
  return users.map(
    (session, i) =>
      new Listener({ session, chats: chatsOf.get(session.userId) ?? [], impatient: i % 2 === 0, firstTried, http }),
  );
}

async function caughtUp(listeners: readonly Listener[], sending = true): Promise<boolean> {
  const asked = performance.now();
  const inTime = async (holds: () => boolean): Promise<boolean> => {
    while (!holds()) {
      if (performance.now() > asked + RECOVERED_WITHIN_MS) return false;
      await pause(LOOK_EVERY_MS);
    }
    return true;
  };
  if (sending && !(await inTime(() => listeners.every((listener) => listener.answeredSince(asked))))) return false;
  const heads = headsOf(listeners);
  return inTime(() => behind(listeners, heads).length === 0);
}

/** The greatest seq that was acknowledged, by chat. */
function headsOf(listeners: readonly Listener[]): Map<string, number> {
  const heads = new Map<string, number>();
  for (const { acked } of listeners) {
    for (const { chatId, seq } of acked.values()) heads.set(chatId, Math.max(seq, heads.get(chatId) ?? 0));
  }
  return heads;
}

interface Behind {
  readonly listener: Listener;
  readonly chatId: string;
  readonly head: number;
}

const behind = (listeners: readonly Listener[], heads: ReadonlyMap<string, number>): Behind[] =>
  listeners.flatMap((listener) =>
    listener.chats
      .map((chatId) => ({ listener, chatId, head: heads.get(chatId) ?? 0 }))
      .filter(({ chatId, head }) => listener.ledger.lastSeq(chatId) < head),
  );

const waiting = ({ session, unanswered, doing }: Listener): string =>
  `${session.username} at ${session.gateway}, ${doing.what}, waits for ${unanswered} answers`;

function lacking({ listener, chatId, head }: Behind): string {
  const { session, ledger, doing } = listener;
  const forMs = Math.round(performance.now() - doing.since);
  return `${session.username} at ${session.gateway}, ${doing.what} for ${forMs} ms, has ${ledger.lastSeq(chatId)} of ${head} in ${chatId}`;
}

function wrongsOf(listeners: readonly Listener[]): Wrong {
  const sum = (of: (listener: Listener) => number): number => listeners.reduce((total, one) => total + of(one), 0);
  return {
    lost: sum(({ ledger }) => ledger.wrongs.lost),
    duplicated: sum(({ ledger }) => ledger.wrongs.duplicated),
    reordered: sum(({ ledger }) => ledger.wrongs.reordered),
  };
}
