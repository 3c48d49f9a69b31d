import { CLOSE } from '../errors.ts';
import { MOVED_LINGER_MS } from '../slots/limits.ts';
import type { Slots } from '../slots/ports.ts';
import type { Connection } from './connection.ts';
import { movedFrame } from './frames.ts';
import type { Registry } from './registry.ts';

const REASON = 'another gateway serves this user';

/** Sends clients to the gateway that serves them. */
export interface Moves {
  /** A socket has opened: where it belongs elsewhere it is told so, and closed soon after. */
  opened(connection: Connection): void;
  close(): void;
}

export const NO_MOVES: Moves = { opened: () => undefined, close: () => undefined };

export function followMoves(slots: Slots, registry: Registry): Moves {
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, task: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      task();
    }, ms);
    timers.add(timer);
  };
  const unsubscribe = slots.onMoved((move) => {
    for (const connection of registry.all) {
      const url = move.gone(connection.userId) ? move.urlOf(connection.userId) : null;
      if (url !== null) connection.outbox.push(movedFrame(url, move.afterMs), null);
    }
    later(move.afterMs, () => {
      for (const connection of registry.all) if (move.gone(connection.userId)) connection.close(CLOSE.moved, REASON);
    });
  });
  return {
    opened(connection) {
      const url = slots.elsewhere(connection.userId);
      if (url === null) return;
      connection.outbox.push(movedFrame(url, 0), null);
      later(MOVED_LINGER_MS, () => connection.close(CLOSE.moved, REASON));
    },
    close() {
      unsubscribe();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
