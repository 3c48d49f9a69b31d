import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { asOwner, type Owned } from '../../../../bin/cluster/generations/as-owner.ts';
import { StoreError } from '../../../../events/event-store.ts';
import { memoryCheckpoints } from '../../../support/memory/checkpoints.ts';

const GROUP = 'chat-history';
const BLIP_MS = 2_000;
const OUTAGE_MS = 5_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function world() {
  const stored = memoryCheckpoints();
  await stored.prepare(GROUP, 1);
  const state = { down: false, silent: false };
  const faults: string[] = [];
  const asked = async <T>(work: () => Promise<T>): Promise<T> => {
    if (state.silent) return new Promise<never>(() => undefined);
    if (state.down) throw new StoreError('unavailable', 'no database');
    return work();
  };
  const checkpoints = {
    claim: stored.claim,
    move: (step: Parameters<typeof stored.move>[0]) => asked(() => stored.move(step)),
    release: (claim: Parameters<typeof stored.release>[0]) => asked(() => stored.release(claim)),
  };
  const own = (work: (owned: Owned) => Promise<void>): Promise<void> =>
    asOwner({ checkpoints, owner: 'a', group: GROUP, partition: 0, onFault: (what) => faults.push(what) }, work);
  return { stored, state, faults, own };
}

test('a database that is away for a moment does not end the work', async () => {
  const { stored, state, faults, own } = await world();
  await own(async ({ confirm }) => {
    state.down = true;
    await vi.advanceTimersByTimeAsync(BLIP_MS);
    confirm();
    state.down = false;
    await vi.advanceTimersByTimeAsync(OUTAGE_MS);
    confirm();
  });
  expect(await stored.list()).toMatchObject([{ owner: '', term: 1 }]);
  expect(faults).toEqual([]);
});

test.each(['down', 'silent'] as const)(
  'work stops before others may have the partition: the database is %s',
  async (how) => {
    const { state, own } = await world();
    const working = own(async ({ confirm }) => {
      state[how] = true;
      await vi.advanceTimersByTimeAsync(OUTAGE_MS);
      const confirmed = () => confirm();
      expect(confirmed).toThrow(StoreError);
      state[how] = false;
      confirm();
    });
    await expect(working).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  },
);

test('work stops where another process has taken over', async () => {
  const { stored, own } = await world();
  const working = own(async ({ confirm }) => {
    await stored.claim(GROUP, 0, 'b');
    await vi.advanceTimersByTimeAsync(BLIP_MS);
    confirm();
  });
  await expect(working).rejects.toMatchObject({ code: 'busy', temporary: true });
  expect(await stored.list()).toMatchObject([{ owner: 'b', term: 2 }]);
});

test('what the work failed with is told of, though the partition cannot be given back either', async () => {
  const { state, faults, own } = await world();
  const working = own(async () => {
    state.down = true;
    throw new Error('no such row');
  });
  await expect(working).rejects.toThrow('no such row');
  expect(faults).toEqual(['a partition was not given back']);
});
