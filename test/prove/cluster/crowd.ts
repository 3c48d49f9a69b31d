import { setTimeout as pause } from 'node:timers/promises';
import type { Wrongs } from './ledger.ts';
import type { Listener } from './listener.ts';

/** Of many clients together: what they hold, what they lack, and what went wrong. */
export type Crowd = readonly Listener[];

/** More than these are not answered by everybody at any time. */
const OPEN_MANY = 3;
const LOOK_EVERY_MS = 50;

/** Looks again and again; false where it does not come to hold by then (by `performance.now()`). */
export async function comesTrue(holds: () => boolean | Promise<boolean>, until: number): Promise<boolean> {
  while (!(await holds())) {
    if (performance.now() > until) return false;
    await pause(LOOK_EVERY_MS);
  }
  return true;
}

/**
 * Resolves true once everything that was tried until now, and something of everybody that was not, is acknowledged and
 * has come to everybody; false where that takes too long.
 */
export async function caughtUp(crowd: Crowd, withinMs: number): Promise<boolean> {
  const asked = performance.now();
  const until = asked + withinMs;
  return (
    (await comesTrue(() => crowd.every(({ outbox }) => outbox.answeredSince(asked)), until)) && hears(crowd, until)
  );
}

/** The same where nobody says anything new. */
export async function drained(crowd: Crowd, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  return (await comesTrue(() => crowd.every(({ outbox }) => outbox.unanswered === 0), until)) && hears(crowd, until);
}

function hears(crowd: Crowd, until: number): Promise<boolean> {
  const heads = headsOf(crowd);
  return comesTrue(() => lacks(crowd, heads).length === 0, until);
}

/** Who lacks what, and what they are at, in words. */
export const behind = (crowd: Crowd): string[] => [
  ...crowd.filter(({ outbox }) => outbox.unanswered > OPEN_MANY).map(waiting),
  ...lacks(crowd, headsOf(crowd)).map(lacking),
];

export const sumOf = (crowd: Crowd, of: (listener: Listener) => number): number =>
  crowd.reduce((total, listener) => total + of(listener), 0);

export const wrongsOf = (crowd: Crowd): Omit<Wrongs, 'first'> => ({
  lost: sumOf(crowd, ({ ledger }) => ledger.wrongs.lost),
  duplicated: sumOf(crowd, ({ ledger }) => ledger.wrongs.duplicated),
  reordered: sumOf(crowd, ({ ledger }) => ledger.wrongs.reordered),
  other: sumOf(crowd, ({ ledger }) => ledger.wrongs.other),
});

/** In words, the first of each client. */
export const firstWrongs = (crowd: Crowd): string[] => crowd.flatMap(({ ledger }) => ledger.wrongs.first ?? []);

/** The greatest seq that was acknowledged, by chat. */
function headsOf(crowd: Crowd): Map<string, number> {
  const heads = new Map<string, number>();
  for (const { outbox } of crowd) {
    for (const { chatId, seq } of outbox.acked.values()) heads.set(chatId, Math.max(seq, heads.get(chatId) ?? 0));
  }
  return heads;
}

interface Lack {
  readonly listener: Listener;
  readonly chatId: string;
  readonly head: number;
}

const lacks = (crowd: Crowd, heads: ReadonlyMap<string, number>): Lack[] =>
  crowd.flatMap((listener) =>
    listener.chats
      .map((chatId) => ({ listener, chatId, head: heads.get(chatId) ?? 0 }))
      .filter(({ chatId, head }) => listener.ledger.lastSeq(chatId) < head),
  );

const waiting = ({ session, outbox, doing }: Listener): string =>
  `${session.username} at ${session.gateway}, ${doing.what}, waits for ${outbox.unanswered} answers`;

function lacking({ listener, chatId, head }: Lack): string {
  const { session, ledger, doing } = listener;
  const forMs = Math.round(performance.now() - doing.since);
  return `${session.username} at ${session.gateway}, ${doing.what} for ${forMs} ms, has ${ledger.lastSeq(chatId)} of ${head} in ${chatId}`;
}
