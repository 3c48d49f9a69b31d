import { setTimeout as pause } from 'node:timers/promises';
import type { UserId } from '../../events/ids.ts';
import { CLOSE } from '../errors.ts';
import { MOVED_LINGER_MS } from '../slots/limits.ts';
import type { Move, Slots } from '../slots/ports.ts';
import { movedFrame } from './frames.ts';
import type { Outbox } from './outbox.ts';

const REASON = 'another gateway serves this user';
const LOOK_MS = 50;

/** What this room needs of a socket. */
export interface Movable {
  readonly userId: UserId;
  readonly outbox: Outbox;
  close(code: number, reason: string): void;
}

/** Sends clients to the gateway that serves them. */
export interface Moves {
  /** A socket whose user belongs elsewhere is told where, and closed soon after. */
  redirect(socket: Movable): void;
  /** Closes a socket that has been told where to go. False for any other. */
  sendOff(socket: Movable): boolean;
  /** Resolves when all have gone that were told to, or after `withinMs`. */
  gone(withinMs: number): Promise<void>;
  close(): void;
}

export const NO_MOVES: Moves = {
  redirect: () => undefined,
  sendOff: () => false,
  gone: async () => undefined,
  close: () => undefined,
};

export function followMoves(slots: Slots, sockets: ReadonlySet<Movable>): Moves {
  const going = new WeakSet<Movable>();
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, task: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      task();
    }, ms);
    timers.add(timer);
  };
  const moves = new Set<Move>();
  const isGoing = (socket: Movable): boolean =>
    going.has(socket) || [...moves].some((move) => move.gone(socket.userId) && move.urlOf(socket.userId) !== null);
  const unsubscribe = slots.onMoved((move) => {
    moves.add(move);
    for (const socket of sockets) {
      const url = move.gone(socket.userId) ? move.urlOf(socket.userId) : null;
      if (url !== null) socket.outbox.push(movedFrame(url, move.afterMs), null);
    }
    later(move.afterMs, () => {
      moves.delete(move);
      for (const socket of sockets) if (move.gone(socket.userId)) socket.close(CLOSE.moved, REASON);
    });
  });
  return {
    redirect(socket) {
      const url = slots.elsewhere(socket.userId);
      if (url === null || going.has(socket)) return;
      going.add(socket);
      socket.outbox.push(movedFrame(url, 0), null);
      later(MOVED_LINGER_MS, () => socket.close(CLOSE.moved, REASON));
    },
    sendOff(socket) {
      if (!isGoing(socket)) return false;
      socket.close(CLOSE.moved, REASON);
      return true;
    },
    async gone(withinMs) {
      const until = performance.now() + withinMs;
      while (performance.now() < until && [...sockets].some(isGoing)) await pause(LOOK_MS);
    },
    close() {
      unsubscribe();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
