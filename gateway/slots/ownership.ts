import { setTimeout as pause } from 'node:timers/promises';
import { slotOf } from '../../events/partition.ts';
import type { GatewayLogger } from '../context.ts';
import { createLapses, type Lapses } from './lapses.ts';
import { BEAT_MS, GATEWAY_DEAD_AFTER_MS, HAND_OVER_MS, LAST_MOVE_AFTER_MS, MOVE_AFTER_MS } from './limits.ts';
import type { LeaseTable, Move, SlotLeases, Slots } from './ports.ts';
import { preferredOwner } from './rendezvous.ts';
import { createSight, type Sight } from './sight.ts';
import type { SlotFeed } from './slot-feed.ts';

export interface OwnershipOptions {
  readonly leases: SlotLeases;
  /** Of this process and no other, not even of its successor. */
  readonly gatewayId: string;
  readonly slots: number;
  readonly feed: Pick<SlotFeed, 'follow' | 'open' | 'onOpen'>;
  readonly logger: GatewayLogger;
  /** The slots could not be followed: this process cannot go on. */
  readonly onFatal: (error: Error) => void;
  readonly beatMs?: number;
  readonly moveAfterMs?: number;
  /** As the leases have it. */
  readonly deadAfterMs?: number;
}

export interface Ownership extends Slots {
  /** Begins to take slots. `url`: where clients of this gateway connect to; it listens by now. */
  start(url: string): void;
  owned(): readonly number[];
  /**
   * Gives all slots back, and waits a moment for others to take them: clients of these are told where to. Whoever is
   * connected should be sent away after this.
   */
  close(): Promise<void>;
}

interface State extends OwnershipOptions {
  readonly owned: Set<number>;
  /** Slots that others have taken, whose users are still served for a while. */
  readonly leaving: Map<number, NodeJS.Timeout>;
  readonly moved: Set<(move: Move) => void>;
  readonly lapses: Lapses;
  readonly sight: Sight;
  /** Called when anything has changed. */
  readonly waiting: Set<() => void>;
  url: string;
  table: LeaseTable;
  followed: string;
  following: Promise<void>;
  working: Promise<void>;
  away: boolean;
  /** It takes nothing any more, and says no more that it is alive. */
  ending: boolean;
  closed: boolean;
}

/**
 * Which slots this gateway serves. Each slot belongs by rendezvous to one of the gateways that are alive; that one
 * follows it, and takes it over by its term once nothing of it can be missed. Whoever had it before sees so at its next
 * beat and sends its clients there. One that was taken for dead while it lived, and not for the first time, does not
 * take its slots back at once. A gateway that cannot beat serves on what it has: nobody else can claim either, or
 * somebody has, and then both tell the same.
 */
export function createOwnership(options: OwnershipOptions): Ownership {
  const state: State = {
    ...options,
    owned: new Set(),
    leaving: new Map(),
    moved: new Set(),
    lapses: createLapses(),
    sight: createSight({
      deadAfterMs: options.deadAfterMs ?? GATEWAY_DEAD_AFTER_MS,
      beatMs: options.beatMs ?? BEAT_MS,
    }),
    waiting: new Set(),
    url: '',
    table: { gateways: [], slots: [] },
    followed: '',
    following: Promise.resolve(),
    working: Promise.resolve(),
    away: false,
    ending: false,
    closed: false,
  };
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    if (!state.ending) timer = setTimeout(turn, state.beatMs ?? BEAT_MS);
  };
  const turn = (): void => {
    state.working = state.working.then(() => beat(state)).then(again);
  };
  // A slot that has just become complete is taken at once.
  const unsubscribe = state.feed.onOpen(() => {
    state.working = state.working.then(() => claimAll(state));
  });
  return {
    start(url) {
      state.url = url;
      turn();
    },
    owned: () => [...state.owned],
    ...slotsOf(state),
    onMoved(listener) {
      state.moved.add(listener);
      return () => state.moved.delete(listener);
    },
    async close() {
      state.ending = true;
      clearTimeout(timer);
      unsubscribe();
      await state.working;
      await leave(state);
      state.closed = true;
      for (const end of state.leaving.values()) clearTimeout(end);
      changed(state);
    },
  };
}

function slotsOf(state: State): Pick<Slots, 'urlOf' | 'elsewhere' | 'serves' | 'served'> {
  const of = (userId: string): number => slotOf(userId, state.slots);
  const urlOf = (userId: string): string | null => urlOfSlot(state, of(userId));
  const elsewhere = (userId: string): string | null => (state.owned.has(of(userId)) ? null : urlOf(userId));
  const servedNow = (userId: string): boolean => state.owned.has(of(userId)) && state.feed.open(of(userId));
  return {
    urlOf,
    elsewhere,
    serves: (userId) => servedNow(userId) || (state.leaving.has(of(userId)) && state.feed.open(of(userId))),
    served: (userId, withinMs) =>
      until(state, withinMs, () => (servedNow(userId) ? true : elsewhere(userId) === null ? null : false)),
  };
}

function urlOfSlot({ owned, gatewayId, url, table }: State, slot: number): string | null {
  if (owned.has(slot)) return url;
  const owner = table.slots[slot]?.owner;
  if (owner == null || owner === gatewayId) return null;
  return table.gateways.find(({ id }) => id === owner)?.url ?? null;
}

/** Resolves to what `decide` says once that is not null, to false after `withinMs`. */
function until(state: State, withinMs: number, decide: () => boolean | null): Promise<boolean> {
  const now = decide();
  if (now !== null || state.closed) return Promise.resolve(now ?? false);
  return new Promise((resolve) => {
    const look = (): void => {
      const decided = decide();
      if (decided !== null || state.closed) done(decided ?? false);
    };
    const timer = setTimeout(() => done(false), withinMs);
    const done = (served: boolean): void => {
      clearTimeout(timer);
      state.waiting.delete(look);
      resolve(served);
    };
    state.waiting.add(look);
  });
}

const changed = ({ waiting }: State): void => {
  for (const look of waiting) look();
};

async function beat(state: State): Promise<void> {
  try {
    state.table = await state.leases.beat({ id: state.gatewayId, url: state.url });
    state.sight.beaten();
    if (state.away) state.logger.info({}, 'the owners of slots are known again');
    state.away = false;
  } catch (error) {
    // Said once: it is tried again in a moment, and again.
    if (!state.away) state.logger.warn({ err: error }, 'the owners of slots cannot be read; those held are served on');
    state.away = true;
    return;
  }
  if (state.ending) return;
  // Whoever has come as another's equal takes only what it is preferred for.
  const { gateways } = state.table;
  if (lostBy(state).some((slot) => preferredOwner(slot, gateways) === state.gatewayId)) state.lapses.add();
  giveUp(state, state.moveAfterMs ?? MOVE_AFTER_MS);
  follow(state);
  await claimAll(state);
  changed(state);
}

async function leave(state: State): Promise<void> {
  try {
    await state.leases.leave(state.gatewayId);
    await handOver(state);
  } catch (error) {
    state.logger.warn({ err: error }, 'the slots could not be handed over: others take them when they notice');
  }
}

/** Serves on what nobody has taken yet. Where nobody is there to take it, there is nothing to wait for. */
async function handOver(state: State): Promise<void> {
  const { leases, gatewayId, owned, beatMs = BEAT_MS, moveAfterMs = MOVE_AFTER_MS } = state;
  const until = performance.now() + HAND_OVER_MS;
  for (let leftMs = HAND_OVER_MS; owned.size > 0 && leftMs > 0; leftMs = until - performance.now()) {
    state.table = await leases.table();
    if (state.table.gateways.every(({ id }) => id === gatewayId)) return;
    giveUp(state, Math.min(moveAfterMs, LAST_MOVE_AFTER_MS));
    changed(state);
    if (owned.size > 0) await pause(Math.min(beatMs, leftMs));
  }
}

const lostBy = ({ owned, table, gatewayId }: State): number[] =>
  [...owned].filter((slot) => table.slots[slot]?.owner !== gatewayId);

/** Others have taken these. Their clients are told, and served here until they have gone or their time is over. */
function giveUp(state: State, afterMs: number): void {
  const lost = lostBy(state);
  if (lost.length === 0) return;
  const taken = new Set(lost);
  for (const slot of lost) state.owned.delete(slot);
  const move: Move = {
    afterMs,
    gone: (userId) => {
      const slot = slotOf(userId, state.slots);
      return taken.has(slot) && !state.owned.has(slot);
    },
    urlOf: (userId) => urlOfSlot(state, slotOf(userId, state.slots)),
  };
  state.logger.info({ slots: lost }, 'slots were taken over by other gateways');
  for (const listener of state.moved) listener(move);
  for (const slot of lost) {
    clearTimeout(state.leaving.get(slot));
    const end = setTimeout(() => {
      state.leaving.delete(slot);
      follow(state);
    }, afterMs);
    state.leaving.set(slot, end);
  }
}

function wantedBy({ table, owned, gatewayId, lapses, sight }: State): number[] {
  const living = new Set(table.gateways.map(({ id }) => id));
  const free = (owner: string | null): boolean => {
    if (owner === null || owner === gatewayId) return true;
    return living.has(owner) ? lapses.over() : sight.clear();
  };
  return table.slots
    .filter(({ slot, owner }) => !owned.has(slot) && free(owner))
    .map(({ slot }) => slot)
    .filter((slot) => preferredOwner(slot, table.gateways) === gatewayId);
}

/** What is owned, what was until a moment ago, and what should be. */
function follow(state: State): void {
  const slots = [...new Set([...state.owned, ...state.leaving.keys(), ...wantedBy(state)])].sort((a, b) => a - b);
  if (state.ending || slots.join() === state.followed) return; // until the end it is told what it was told
  state.followed = slots.join();
  state.following = state.following
    .then(() => state.feed.follow(slots))
    .catch((error: unknown) => state.onFatal(error instanceof Error ? error : new Error(String(error))));
}

async function claimAll(state: State): Promise<void> {
  const ready = wantedBy(state).filter((slot) => state.feed.open(slot));
  if (state.ending || state.away || ready.length === 0) return;
  const claims = await Promise.all(ready.map((slot) => claim(state, slot)));
  const won = ready.filter((_, i) => claims[i]);
  if (won.length === 0) return;
  state.logger.info({ slots: won }, 'slots taken over');
  changed(state);
}

/** Where the outcome is not known the next beat tells it. */
async function claim(state: State, slot: number): Promise<boolean> {
  const { leases, gatewayId, table } = state;
  const held = table.slots[slot];
  if (!held) return false;
  try {
    const claimed = held.owner === gatewayId || (await leases.claim({ slot, term: held.term, gatewayId }));
    if (!claimed) return false;
  } catch (error) {
    state.logger.warn({ err: error, slot }, 'a slot could not be claimed');
    return false;
  }
  state.owned.add(slot);
  clearTimeout(state.leaving.get(slot));
  state.leaving.delete(slot);
  return true;
}
