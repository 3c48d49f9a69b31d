import type { SignedIn } from '../../support/protocol-client.ts';
import type { Seeded } from '../../support/seeded.ts';
import { Listener } from './listener.ts';
import type { FirstTried } from './outbox.ts';
import { anyHttp, newUser, startGroup } from './people.ts';
import type { RoleProcess } from './role-process.ts';

const USERS = 12;
const CHATS = 6;
const MEMBERS = 4;
const SENDS_PER_S = 1;
const IN_FLIGHT_MAX = 8;
/** Every so many sends over HTTP, so that a process for HTTP has something to lose; every so many is impatient. */
const BY_HTTP = 3;
const IMPATIENT = 2;

/** Clients that talk to each other in groups, each of which sees to itself. */
export async function startLoad(processes: readonly RoleProcess[], random: Seeded): Promise<Listener[]> {
  const http = anyHttp(processes, random);
  const users: SignedIn[] = [];
  for (let i = 0; i < USERS; i++) users.push(await newUser(http, `fault_user_${i}`));
  const chatsOf = new Map<SignedIn, string[]>(users.map((user) => [user, []]));
  for (let c = 0; c < CHATS; c++) {
    const members = users.filter((_, u) => (u + c * (USERS / CHATS)) % USERS < MEMBERS);
    const chatId = await startGroup(http, `faults ${c}`, members);
    for (const user of members) chatsOf.get(user)?.push(chatId);
  }
  const firstTried: FirstTried = new Map();
  const listeners = users.map(
    (session, i) =>
      new Listener({
        session,
        chats: chatsOf.get(session) ?? [],
        impatient: i % IMPATIENT === 0,
        sendsBy: i % BY_HTTP === 0 ? 'http' : 'socket',
        hears: true,
        inFlightMax: IN_FLIGHT_MAX,
        firstTried,
        http,
      }),
  );
  for (const listener of listeners) {
    const text = (n: number): string => `${listener.session.username} ${n}`;
    listener.start({ sendsPerS: SENDS_PER_S, text, unansweredMax: Number.POSITIVE_INFINITY });
  }
  return listeners;
}
