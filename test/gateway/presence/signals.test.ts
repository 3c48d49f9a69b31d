import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  OFFLINE_AFTER_MS,
  WATCH_EXPIRES_MS,
  WATCH_RENEW_MS,
  WATCH_USERS_MAX,
} from '../../../gateway/presence/limits.ts';
import { createOnline, type Online } from '../../../gateway/presence/online.ts';
import { createTargets, RENEW_PARTS } from '../../../gateway/presence/targets.ts';
import type { Signal, Signals } from '../../../gateway/signals/port.ts';
import { ANN, BOB, user } from '../../support/commands.ts';

type Sent = { slot: number; signal: Signal };

function recorder(slotOf: (userId: string) => number = () => 0): { signals: Signals; take(): Sent[] } {
  let sent: Sent[] = [];
  const signals: Signals = {
    slots: 4,
    slotOf,
    send: (slot, signal) => void sent.push({ slot, signal }),
    receive: () => () => undefined,
  };
  return {
    signals,
    take() {
      const taken = sent;
      sent = [];
      return taken;
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('who is online here', () => {
  const connected = new Set<string>();
  const elsewhere = new Set<string>();
  let online: Online;
  let take: () => Sent[];
  beforeEach(() => {
    connected.clear();
    elsewhere.clear();
    const { signals, take: taker } = recorder();
    take = taker;
    online = createOnline({
      signals,
      clock: () => Date.now(),
      isConnected: (userId) => connected.has(userId),
      answersFor: (userId) => !elsewhere.has(userId),
    });
  });
  const said = (): unknown[] =>
    take().map(({ slot, signal }) => signal.kind === 'presence' && [slot, signal.userId, signal.online]);
  const come = (userId: string): void => {
    connected.add(userId);
    online.came(userId);
  };
  const go = (userId: string): void => {
    connected.delete(userId);
    online.went(userId);
  };

  test('every question is answered, and every change told to the slots that have asked', () => {
    come(ANN);
    online.watched(1, [ANN, BOB]);
    online.watched(2, [BOB]);
    expect(said()).toEqual([
      [1, ANN, true],
      [1, BOB, false],
      [2, BOB, false],
    ]);
    come(BOB);
    go(ANN);
    vi.advanceTimersByTime(OFFLINE_AFTER_MS);
    expect(said()).toEqual([
      [1, BOB, true],
      [2, BOB, true],
      [1, ANN, false],
    ]);
  });

  test('what nobody has asked for is told to nobody', () => {
    come(ANN);
    go(ANN);
    vi.advanceTimersByTime(OFFLINE_AFTER_MS);
    expect(said()).toEqual([]);
  });

  test('a short absence is none, for those who ask in the midst of it too', () => {
    online.watched(1, [ANN]);
    come(ANN);
    go(ANN);
    online.watched(3, [ANN]);
    expect(said()).toEqual([
      [1, ANN, false],
      [1, ANN, true],
      [3, ANN, true],
    ]);
    come(ANN);
    vi.advanceTimersByTime(OFFLINE_AFTER_MS);
    expect(said()).toEqual([]);
  });

  test('who does not ask again is forgotten', () => {
    online.watched(1, [ANN]);
    vi.advanceTimersByTime(WATCH_EXPIRES_MS - 1);
    online.watched(2, [ANN]);
    vi.advanceTimersByTime(1);
    online.sweep();
    take();
    come(ANN);
    expect(said()).toEqual([[2, ANN, true]]);
    vi.advanceTimersByTime(WATCH_EXPIRES_MS);
    online.sweep();
    go(ANN);
    vi.advanceTimersByTime(OFFLINE_AFTER_MS);
    expect(said()).toEqual([]);
  });

  test('of a user who may be elsewhere only what is known here is said', () => {
    come(ANN);
    elsewhere.add(ANN);
    elsewhere.add(BOB);
    online.watched(1, [ANN, BOB]);
    expect(said()).toEqual([[1, ANN, true]]);
    come(BOB);
    expect(said()).toEqual([[1, BOB, true]]);
  });

  test('of a user who has moved to another gateway nothing is said: it knows better', () => {
    come(ANN);
    online.watched(1, [ANN]);
    take();
    elsewhere.add(ANN);
    go(ANN);
    vi.advanceTimersByTime(OFFLINE_AFTER_MS);
    expect(said()).toEqual([]);
  });
});

describe('whom others are asked for', () => {
  const slots = new Map([
    [ANN, 1],
    [BOB, 2],
  ]);
  const watcher = (userId: string) => ({ userId });
  const open = () => {
    const { signals, take } = recorder((userId) => slots.get(userId) ?? 3);
    return { targets: createTargets<{ userId: string }>(signals, () => Date.now()), take };
  };
  const round = (targets: ReturnType<typeof open>['targets']): string[] =>
    Array.from({ length: RENEW_PARTS }, () => targets.renew()).flat();

  test('each slot is asked once for what is asked for in one turn, and answers come to the slot of whoever asks', async () => {
    const { targets, take } = open();
    const [ann, bob] = [watcher(ANN), watcher(BOB)];
    for (const userId of [user(50), user(51)]) for (const each of [ann, bob]) targets.watch(userId, each);
    targets.watch(BOB, ann);
    await Promise.resolve();
    const userIds = [user(50), user(51)];
    expect(take()).toEqual([
      { slot: 3, signal: { kind: 'presence-watch', replySlot: 1, userIds } },
      { slot: 3, signal: { kind: 'presence-watch', replySlot: 2, userIds } },
      { slot: 2, signal: { kind: 'presence-watch', replySlot: 1, userIds: [BOB] } },
    ]);
  });

  test('a second watcher of the same slot asks nothing anew, and what is known is known to it', async () => {
    const { targets, take } = open();
    targets.watch(BOB, watcher(ANN));
    expect(targets.heard(BOB, true)).toBe(true);
    await Promise.resolve();
    take();
    const second = watcher(ANN);
    targets.watch(BOB, second);
    await Promise.resolve();
    expect(take()).toEqual([]);
    expect([targets.online(BOB), targets.watchers(BOB).has(second)]).toEqual([true, true]);
  });

  test('nothing is kept of those whom nobody watches any more', () => {
    const { targets } = open();
    const ann = watcher(ANN);
    targets.watch(BOB, ann);
    targets.unwatch(BOB, ann);
    targets.unwatch(BOB, ann);
    expect([targets.heard(BOB, true), targets.online(BOB), targets.watchers(BOB).size]).toEqual([false, null, 0]);
    expect(round(targets)).toEqual([]);
  });

  test('everybody is asked for again in each round, in signals of bounded length', async () => {
    const { targets, take } = open();
    const many = Array.from({ length: WATCH_USERS_MAX + 1 }, (_, i) => user(i + 100));
    for (const userId of many) targets.watch(userId, watcher(ANN));
    await Promise.resolve();
    const asked = () => take().map(({ signal }) => (signal.kind === 'presence-watch' ? signal.userIds : []));
    expect(asked().map(({ length }) => length)).toEqual([WATCH_USERS_MAX, 1]);
    round(targets);
    await Promise.resolve();
    expect(asked().flat().toSorted()).toEqual(many.toSorted());
  });

  test('who was online and is not heard of any more is taken for gone', () => {
    const { targets } = open();
    for (const userId of [BOB, user(50)]) targets.watch(userId, watcher(ANN));
    targets.heard(BOB, true);
    targets.heard(user(50), false);
    vi.advanceTimersByTime(WATCH_EXPIRES_MS + WATCH_RENEW_MS);
    expect(round(targets)).toEqual([BOB]);
  });
});
