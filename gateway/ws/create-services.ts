import { monotonicFactory } from 'ulid';
import type { SocketContext } from '../context.ts';
import { moveOf } from '../presence/moves.ts';
import { createPresence, type Presence } from '../presence/presence.ts';
import { createTyping } from '../presence/typing.ts';
import { SLOT_WAIT_MS } from '../slots/limits.ts';
import { createCounters, type GatewayCounters } from './counters.ts';
import { createGate } from './gate.ts';
import type { HubFollower } from './hub/context.ts';
import { startHub } from './hub/hub.ts';
import { CATCH_UPS_AT_ONCE } from './limits.ts';
import { followMoves, NO_MOVES } from './moves.ts';
import { createFlusher, type Flusher } from './outbox.ts';
import type { Registry } from './registry.ts';
import type { Services } from './services.ts';

/** What the ops of all sockets share, and what writes to them. */
export async function createServices(
  context: SocketContext,
  registry: Registry,
): Promise<{ services: Services; flusher: Flusher; close: () => void }> {
  const { auth, clock, commands, feed, log, logger, onFatal, queries, settings, signals, slots = null } = context;
  const flusher = createFlusher(() => counters);
  const counters: GatewayCounters = createCounters(() => sumOf(flusher.congested, (outbox) => outbox.bufferedBytes));
  const follower: HubFollower = {
    moved: (event) => {
      const move = moveOf(event);
      if (move) presence.moved(move);
    },
    missed: () => presence.missed(),
  };
  const presence: Presence = createPresence({
    queries,
    signals,
    clock,
    logger,
    told: () => hub.told(),
    ready: async (userId) => slots === null || slots.serves(userId) || slots.served(userId, SLOT_WAIT_MS),
    isConnected: (userId) => registry.ofUser(userId) > 0,
    answersFor: (userId) => slots === null || (slots.serves(userId) && slots.elsewhere(userId) === null),
  });
  const hub = await startHub({ feed, queries, commands, logger, clock, flusher, counters, follower, onFatal });
  const unsubscribe = signals.receive((_slot, signal) => {
    if (signal.kind === 'typing') hub.typing(signal);
    else if (signal.kind === 'repaired') hub.repaired(signal.chatId);
    else presence.received(signal);
  });
  const moves = slots ? followMoves(slots, registry.all) : NO_MOVES;
  const services: Services = {
    commands,
    queries,
    auth,
    log,
    logger,
    clock,
    hub,
    slots,
    moves,
    presence,
    sayTyping: createTyping({ queries, signals, clock, rateLimits: settings.rateLimits }),
    catchUps: createGate(CATCH_UPS_AT_ONCE),
    counters,
    newId: monotonicFactory(),
  };
  const close = (): void => {
    unsubscribe();
    moves.close();
    presence.close();
  };
  return { services, flusher, close };
}

function sumOf<T>(items: Iterable<T>, of: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += of(item);
  return sum;
}
