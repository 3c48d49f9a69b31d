import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { slotOf } from '../../../events/partition.ts';
import { HAND_OVER_MS } from '../../../gateway/slots/limits.ts';
import { createOwnership, type Ownership } from '../../../gateway/slots/ownership.ts';
import type { Move } from '../../../gateway/slots/ports.ts';
import { preferredOwner } from '../../../gateway/slots/rendezvous.ts';
import { user } from '../../support/commands.ts';
import { createMemorySlotLeases, type MemorySlotLeases } from '../../support/memory/slot-leases.ts';

const SLOTS = 16;
const BEAT_MS = 20;
const DEAD_AFTER_MS = 500;
const MOVE_AFTER_MS = 1_000;
const USERS = Array.from({ length: 60 }, (_, i) => user(i + 100));

/** Follows at once; opens what it follows unless it is held back. */
function fakeFeed() {
  const listeners = new Set<() => void>();
  let following = new Set<number>();
  let held = false;
  return {
    async follow(slots: readonly number[]) {
      following = new Set(slots);
      queueMicrotask(() => listeners.forEach((listener) => listener()));
    },
    open: (slot: number) => !held && following.has(slot),
    onOpen: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    following: () => [...following],
    hold(now: boolean) {
      held = now;
      listeners.forEach((listener) => listener());
    },
  };
}

interface Gateway {
  readonly id: string;
  readonly ownership: Ownership;
  readonly feed: ReturnType<typeof fakeFeed>;
  readonly moves: Move[];
  readonly said: string[];
  /** As a process that was stopped: nothing of it happens any more. */
  readonly leases: { stopped: boolean };
}

let leases: MemorySlotLeases;
const open: Gateway[] = [];
beforeEach(() => {
  leases = createMemorySlotLeases({ slots: SLOTS, deadAfterMs: DEAD_AFTER_MS });
});
afterEach(async () => {
  leases.fail(false);
  for (const gateway of open) gateway.leases.stopped = false;
  await Promise.all(open.splice(0).map(({ ownership }) => ownership.close()));
});

function gateway(id: string): Gateway {
  const feed = fakeFeed();
  const said: string[] = [];
  const door = { stopped: false };
  const say = (_: object, message: string): void => void said.push(message);
  const ownership = createOwnership({
    leases: {
      ...leases,
      beat: async (who) => {
        while (door.stopped) await new Promise((resolve) => setTimeout(resolve, 5));
        return leases.beat(who);
      },
    },
    gatewayId: id,
    slots: SLOTS,
    feed,
    logger: { info: say, warn: say, error: say },
    onFatal: (error) => expect.unreachable(error.message),
    beatMs: BEAT_MS,
    moveAfterMs: MOVE_AFTER_MS,
    deadAfterMs: DEAD_AFTER_MS,
  });
  const moves: Move[] = [];
  ownership.onMoved((move) => moves.push(move));
  ownership.start(`ws://${id}/v1/ws`);
  const made = { id, ownership, feed, moves, said, leases: door };
  open.push(made);
  return made;
}

const ownedBy = (...gateways: Gateway[]): number[] =>
  gateways.flatMap(({ ownership }) => ownership.owned()).toSorted((a, b) => a - b);
const ALL = Array.from({ length: SLOTS }, (_, slot) => slot);
const settled = (...gateways: Gateway[]): Promise<void> =>
  vi.waitFor(
    () => {
      expect(ownedBy(...gateways)).toEqual(ALL);
      for (const userId of USERS)
        expect(new Set(gateways.map(({ ownership }) => ownership.urlOf(userId)))).toHaveLength(1);
    },
    { timeout: 5_000, interval: 5 },
  );

describe('ownership of slots', () => {
  test('by rendezvous every slot has one gateway, and one that goes moves only its own', () => {
    const gateways = ['a', 'b', 'c'].map((id) => ({ id, url: '' }));
    const slots = Array.from({ length: 1_000 }, (_, slot) => slot);
    const before = slots.map((slot) => preferredOwner(slot, gateways));
    for (const { id } of gateways) expect(before.filter((owner) => owner === id).length).toBeGreaterThan(250);
    const after = slots.map((slot) => preferredOwner(slot, gateways.toReversed().slice(1)));
    expect(slots.filter((slot) => before[slot] !== after[slot] && before[slot] !== 'c')).toEqual([]);
    expect(preferredOwner(0, [])).toBeNull();
  });

  test('one alone has all; before it has started it serves nobody', async () => {
    const a = gateway('a');
    const [userId = ''] = USERS;
    expect([a.ownership.urlOf(userId), a.ownership.serves(userId)]).toEqual([null, false]);
    expect(await a.ownership.served(userId, 5_000)).toBe(true);
    await settled(a);
    expect([a.ownership.urlOf(userId), a.ownership.elsewhere(userId)]).toEqual(['ws://a/v1/ws', null]);
  });

  test('nothing is taken before all of it can be told', async () => {
    const a = gateway('a');
    a.feed.hold(true);
    await vi.waitUntil(() => a.feed.following().length === SLOTS);
    expect(await a.ownership.served(USERS[0] ?? '', 5 * BEAT_MS)).toBe(false);
    expect(a.ownership.owned()).toEqual([]);
    a.feed.hold(false);
    await settled(a);
  });

  test('one that comes takes its share; the other tells its users where to, serves them on, then lets go', async () => {
    const a = gateway('a');
    await settled(a);
    const b = gateway('b');
    await settled(a, b);
    const gone = USERS.filter((userId) => b.ownership.serves(userId));
    expect(gone.length).toBeGreaterThan(0);
    const [move] = a.moves;
    expect(move?.afterMs).toBe(MOVE_AFTER_MS);
    for (const userId of USERS) {
      expect(a.moves.some((each) => each.gone(userId))).toBe(gone.includes(userId));
      expect(a.ownership.elsewhere(userId)).toBe(gone.includes(userId) ? 'ws://b/v1/ws' : null);
      expect(a.ownership.serves(userId)).toBe(true);
      expect(await a.ownership.served(userId, 1_000)).toBe(!gone.includes(userId));
    }
    await vi.waitUntil(() => a.feed.following().length === a.ownership.owned().length, { timeout: 5_000 });
    expect(USERS.filter((userId) => a.ownership.serves(userId))).toEqual(USERS.filter((id) => !gone.includes(id)));
    expect(b.moves).toEqual([]);
  });

  test('the slots of one that is dead are taken, and it learns of that when it comes back', async () => {
    const [a, b] = [gateway('a'), gateway('b')];
    await settled(a, b);
    const before = b.ownership.owned();
    b.leases.stopped = true;
    await vi.waitUntil(() => a.ownership.owned().length === SLOTS, { timeout: 5_000 });
    expect(b.ownership.owned()).toEqual(before);
    b.leases.stopped = false;
    await vi.waitUntil(() => b.moves.length > 0, { timeout: 5_000 });
    const theirs = USERS.filter((userId) => before.includes(slotOf(userId, SLOTS)));
    expect(theirs.length).toBeGreaterThan(0);
    await settled(a, b);
    // It is alive again, so its share comes back: who has not gone meanwhile need not go.
    expect(ownedBy(b)).toEqual(before.toSorted((one, other) => one - other));
    for (const userId of theirs) expect(b.moves.some((move) => move.gone(userId))).toBe(false);
  });

  test('one that is taken for dead again and again leaves its slots where they are for a while', async () => {
    const [a, b] = [gateway('a'), gateway('b')];
    await settled(a, b);
    const lapse = async (): Promise<void> => {
      const moves = b.moves.length;
      b.leases.stopped = true;
      await vi.waitUntil(() => a.ownership.owned().length === SLOTS, { timeout: 5_000 });
      b.leases.stopped = false;
      await vi.waitUntil(() => b.moves.length > moves, { timeout: 5_000 });
    };
    await lapse();
    await settled(a, b);
    expect(b.ownership.owned()).not.toEqual([]);
    await lapse();
    const since = Date.now();
    await vi.waitUntil(() => Date.now() > since + 10 * BEAT_MS, { timeout: 5_000 });
    expect([a.ownership.owned().length, b.ownership.owned()]).toEqual([SLOTS, []]);
    // Nobody else is there: it does not wait then.
    await a.ownership.close();
    open.splice(open.indexOf(a), 1);
    await settled(b);
  });

  test('one that leaves is followed at once', async () => {
    const [a, b] = [gateway('a'), gateway('b')];
    await settled(a, b);
    const theirs = USERS.filter((id) => b.ownership.serves(id));
    await b.ownership.close();
    open.splice(open.indexOf(b), 1);
    for (const id of theirs) {
      expect(b.moves.some((move) => move.gone(id) && move.urlOf(id) === 'ws://a/v1/ws')).toBe(true);
      expect(b.ownership.serves(id)).toBe(true); // until it has gone
    }
    expect(ownedBy(a)).toEqual(ALL);
  });

  test('one that nobody can follow leaves at once, and keeps its users to the end', async () => {
    const a = gateway('a');
    await settled(a);
    const began = performance.now();
    await a.ownership.close();
    expect(performance.now() - began).toBeLessThan(HAND_OVER_MS);
    expect([a.moves, a.ownership.owned().length]).toEqual([[], SLOTS]);
  });

  test('one that others are too slow to follow waits for them no longer than it may', async () => {
    const [a, b] = [gateway('a'), gateway('b')];
    await settled(a, b);
    a.feed.hold(true);
    const owned = b.ownership.owned();
    await b.ownership.close();
    open.splice(open.indexOf(b), 1);
    expect([b.moves, b.ownership.owned()]).toEqual([[], owned]);
    a.feed.hold(false);
    await vi.waitUntil(() => a.ownership.owned().length === SLOTS, { timeout: 5_000 });
  });

  test('while the leases cannot be reached everybody is served where they are, and that is said once', async () => {
    const [a, b] = [gateway('a'), gateway('b')];
    await settled(a, b);
    const owners = USERS.map((userId) => a.ownership.urlOf(userId));
    leases.fail(true);
    await vi.waitUntil(() => a.said.some((message) => message.includes('cannot be read')));
    const since = Date.now();
    await vi.waitUntil(() => Date.now() > since + 2 * DEAD_AFTER_MS, { timeout: 5_000 });
    expect(USERS.map((userId) => a.ownership.urlOf(userId))).toEqual(owners);
    expect(ownedBy(a, b)).toEqual(ALL);
    // The first that reaches them again finds the other dead, and is not to believe it.
    b.leases.stopped = true;
    const moves = b.moves.length;
    expect(a.said.filter((message) => message.includes('cannot be read'))).toHaveLength(1);
    leases.fail(false);
    await vi.waitUntil(() => a.said.some((message) => message.includes('known again')));
    b.leases.stopped = false;
    await vi.waitUntil(() => b.said.some((message) => message.includes('known again')));
    await settled(a, b);
    expect(b.moves).toHaveLength(moves);
    expect(USERS.map((userId) => a.ownership.urlOf(userId))).toEqual(owners);
  });

  test('of two that claim one slot one wins, and both know which', async () => {
    // Both are told of no other gateway: each takes every slot for its own.
    const alone = (id: string) => ({
      ...leases,
      beat: async (who: { id: string; url: string }) => {
        const table = await leases.beat(who);
        return { ...table, gateways: table.gateways.filter((each) => each.id === id) };
      },
    });
    const claims: Record<string, boolean[]> = { a: [], b: [] };
    const made = ['a', 'b'].map((id) => {
      const door = alone(id);
      const ownership = createOwnership({
        leases: {
          ...door,
          claim: async (claim) => {
            const won = await door.claim(claim);
            claims[id]?.push(won);
            return won;
          },
        },
        gatewayId: id,
        slots: SLOTS,
        feed: fakeFeed(),
        logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
        onFatal: (error) => expect.unreachable(error.message),
        // One beat, and the next never in this test.
        beatMs: 60_000,
      });
      ownership.start(`ws://${id}/v1/ws`);
      return ownership;
    });
    await vi.waitUntil(() => made.flatMap((each) => each.owned()).length === SLOTS);
    expect(new Set(made.flatMap((each) => each.owned()))).toHaveLength(SLOTS);
    const { slots } = await leases.beat({ id: 'c', url: '' });
    for (const [i, id] of ['a', 'b'].entries())
      for (const slot of made[i]?.owned() ?? []) expect(slots[slot]).toMatchObject({ owner: id, term: 1 });
    expect([...(claims['a'] ?? []), ...(claims['b'] ?? [])].filter(Boolean)).toHaveLength(SLOTS);
    await Promise.all(made.map((each) => each.close()));
  });
});
