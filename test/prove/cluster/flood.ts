import type { Seeded } from '../../support/seeded.ts';
import { sumOf } from './crowd.ts';
import { Listener, type ListenerOptions } from './listener.ts';
import { anyHttp, newUser, startGroup } from './people.ts';
import type { RoleProcess } from './role-process.ts';

const SENDERS = 8;
const SENDS_PER_S = 40;
/** Fewer than a socket may have open. With these, sends that insist fill a minute without the event store too. */
const IN_FLIGHT_MAX = 200;
/** The longest text there is, of characters that take two UTF-16 units each, no two texts alike to a compressor. */
const TEXT_CODE_POINTS = 8_000;
const UNIT_BYTES = 2;
const MESSAGE_BYTES = TEXT_CODE_POINTS * 2 * UNIT_BYTES;
const TEXTS = 16;
/** Chinese characters outside the basic plane: none of them has another form. */
const FIRST_CODE_POINT = 0x20000;
const CODE_POINTS = 0xa000;

/** Bytes that the texts of messages take in memory. */
export interface Tally {
  /** Of all tries. */
  readonly offeredBytes: number;
  /** Of what was acknowledged. */
  readonly takenBytes: number;
}

/** Much more than the others say, in chats of its own: sent by clients that hear nothing, and heard by one that is silent. */
export interface Flood {
  readonly crowd: readonly Listener[];
  begin(): void;
  /** From now on nobody sends less where nothing is answered: what is offered is what counts. */
  insist(): void;
  /** Nothing new any more; what was not answered is sent on. */
  end(): void;
  tally(): Tally;
}

export async function prepareFlood(processes: readonly RoleProcess[], random: Seeded): Promise<Flood> {
  const http = anyHttp(processes, random);
  const balanced = processes.filter(({ role }) => role === 'http');
  const texts = Array.from({ length: TEXTS }, () => longText(random));
  const silent = await newUser(http, 'flood_listener');
  const common = { http, impatient: false, inFlightMax: IN_FLIGHT_MAX, firstTried: new Map() };
  const chats: string[] = [];
  const senders: Listener[] = [];
  for (let i = 0; i < SENDERS; i++) {
    const session = await newUser(http, `flood_user_${i}`);
    const chatId = await startGroup(http, `flood ${i}`, [session, silent]);
    const sendsBy: ListenerOptions['sendsBy'] = i % 2 === 0 ? 'http' : 'socket';
    chats.push(chatId);
    // One chat's sends go to one process: two would undo each other's appends, and little would come through.
    const own = balanced[Math.floor(i / 2) % balanced.length];
    senders.push(
      new Listener({
        ...common,
        http: () => own?.server().http ?? http(),
        session,
        chats: [chatId],
        hears: false,
        sendsBy,
      }),
    );
  }
  const listener = new Listener({ ...common, session: silent, chats, hears: true, sendsBy: 'socket' });
  listener.start(null);
  const text = (n: number): string => texts[n % TEXTS] as string;
  for (const sender of senders) {
    sender.talking = false;
    sender.start({ sendsPerS: SENDS_PER_S, text, unansweredMax: IN_FLIGHT_MAX });
  }
  const set = (talking: boolean, yields: boolean): void => {
    for (const sender of senders) {
      sender.talking = talking;
      sender.outbox.yields = yields;
    }
  };
  return {
    crowd: [...senders, listener],
    begin: () => set(true, true),
    insist: () => set(true, false),
    end: () => set(false, true),
    tally: () => ({
      offeredBytes: sumOf(senders, ({ outbox }) => outbox.tries) * MESSAGE_BYTES,
      takenBytes: sumOf(senders, ({ outbox }) => outbox.acked.size) * MESSAGE_BYTES,
    }),
  };
}

const longText = (random: Seeded): string =>
  String.fromCodePoint(...Array.from({ length: TEXT_CODE_POINTS }, () => FIRST_CODE_POINT + random.below(CODE_POINTS)));
