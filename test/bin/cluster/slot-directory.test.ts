import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { type SlotDirectory, slotDirectory } from '../../../bin/cluster/slot-directory.ts';
import { BEAT_MS } from '../../../gateway/slots/limits.ts';
import type { LeaseTable } from '../../../gateway/slots/ports.ts';
import { createMemorySlotLeases } from '../../support/memory/slot-leases.ts';

const DEAD_AFTER_MS = 2_000;
const [A, B] = ['ws://a/v1/ws', 'ws://b/v1/ws'];

let directory: SlotDirectory | undefined;
afterEach(() => directory?.close());

it('names every gateway that is alive, whoever owns slots, and goes on with what it knew while nobody can be asked', async () => {
  const time = { now: 1_000 };
  const leases = createMemorySlotLeases({ slots: 1, deadAfterMs: DEAD_AFTER_MS, clock: () => time.now });
  const onFault = vi.fn();
  directory = slotDirectory({ leases, slots: 1, onFault });
  const { urls, urlOf } = directory;
  expect(urls()).toEqual([]);
  await leases.beat({ id: 'a', url: A });
  await leases.claim({ slot: 0, term: 0, gatewayId: 'a' });
  await leases.beat({ id: 'b', url: B });
  await leases.beat({ id: 'behind the same address', url: B });
  await vi.waitFor(() => expect(urls()).toEqual([A, B]), { timeout: 5_000 });
  expect(urlOf('anybody')).toBe(A);

  leases.fail(true);
  await vi.waitFor(() => expect(onFault).toHaveBeenCalledOnce(), { timeout: 5_000 });
  expect(urls()).toEqual([A, B]);

  leases.fail(false);
  time.now += DEAD_AFTER_MS;
  await leases.beat({ id: 'b', url: B });
  await vi.waitFor(() => expect(urls()).toEqual([B]), { timeout: 5_000 });
  expect(urlOf('anybody')).toBe(B); // whoever lives sends them on, once somebody has taken the slot

  time.now += DEAD_AFTER_MS;
  await vi.waitFor(() => expect(urls()).toEqual([]), { timeout: 5_000 });
  expect(urlOf('anybody')).toBeNull();
});

it('is not looked into any more once it is closed, be it while it was', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let answer: (table: LeaseTable) => void = () => undefined;
  const table = vi.fn(
    () =>
      new Promise<LeaseTable>((resolve) => {
        answer = resolve;
      }),
  );
  const closing = slotDirectory({ leases: { table }, slots: 1, onFault: vi.fn() });
  closing.close();
  answer({ gateways: [], slots: [] });
  await vi.advanceTimersByTimeAsync(10 * BEAT_MS);
  expect(table).toHaveBeenCalledOnce();
});
