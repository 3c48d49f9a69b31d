import { afterEach, expect, it, vi } from 'vitest';
import { type SlotDirectory, slotDirectory } from '../../../bin/cluster/slot-directory.ts';
import { createMemorySlotLeases } from '../../../infra/memory/slot-leases.ts';

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
  expect(urlOf('anybody')).toBeNull();
});
