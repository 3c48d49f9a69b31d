import { beforeEach, describe, expect, it } from 'vitest';
import { type Checkpoints, type Claim, StaleOwner } from '../../projections/partitions/ports.ts';

/** So long that nothing in a test is idle for it, and so short that anything is. */
const NEVER_MS = 3_600_000;
const AT_ONCE_MS = 0;

/** What `Checkpoints` promises. `open` gives two of the same fresh store: the second stands for another process. */
export function checkpointsContract(name: string, open: () => Promise<[Checkpoints, Checkpoints]>): void {
  describe(`checkpoints: ${name}`, () => {
    let a: Checkpoints;
    let b: Checkpoints;
    beforeEach(async () => {
      [a, b] = await open();
      await a.prepare('user-chats', 3);
    });
    const move = (checkpoints: Checkpoints, claim: Claim, [from, to]: [number, number]) =>
      checkpoints.move({ claim, from, to });
    const stateOf = async (partition: number) => {
      const states = await b.list(['user-chats']);
      return states.find((state) => state.partition === partition);
    };

    it('begins at 0 with nobody, and prepares again without harm', async () => {
      const claim = await a.claim('user-chats', 1, 'p');
      await move(a, claim, [0, 7]);
      await Promise.all([a.prepare('user-chats', 3), b.prepare('user-chats', 3), b.prepare('deliveries', 1)]);
      const states = await b.list(['user-chats']);
      const sorted = states.toSorted((one, other) => one.partition - other.partition);
      expect(sorted.map(({ partition, position, term }) => [partition, position, term])).toEqual([
        [0, 0, 0],
        [1, 7, 1],
        [2, 0, 0],
      ]);
      expect(states.find(({ partition }) => partition === 0)).toMatchObject({
        group: 'user-chats',
        owner: '',
        paused: false,
      });
      expect((await b.list()).length).toBe(4);
      expect(await b.list(['chat-history'])).toEqual([]);
    });

    it('gives each claim a greater term, and the place where the one before it stopped', async () => {
      const first = await a.claim('user-chats', 0, 'p');
      expect(first).toEqual({ group: 'user-chats', partition: 0, term: 1, era: 0, position: 0 });
      await move(a, first, [0, 41]);
      await move(a, first, [41, 9_007_199_254_740_991]);
      const second = await b.claim('user-chats', 0, 'q');
      expect(second).toEqual({
        group: 'user-chats',
        partition: 0,
        term: 2,
        era: 0,
        position: 9_007_199_254_740_991,
      });
      expect(await stateOf(0)).toMatchObject({ owner: 'q', term: 2 });
    });

    it('moves nothing for a claim that is over, nor from where the checkpoint is not', async () => {
      const old = await a.claim('user-chats', 0, 'p');
      const present = await b.claim('user-chats', 0, 'q');
      await expect(move(a, old, [0, 5])).rejects.toThrow(StaleOwner);
      await expect(move(a, old, [0, 0])).rejects.toMatchObject({ code: 'stale-owner', temporary: false });
      await expect(move(b, present, [3, 5])).rejects.toThrow(StaleOwner);
      await move(b, present, [0, 5]);
      await expect(move(b, present, [0, 6])).rejects.toThrow(StaleOwner);
      expect((await stateOf(0))?.position).toBe(5);
    });

    it('keeps partitions and groups apart', async () => {
      await a.prepare('chat-history', 3);
      const one = await a.claim('user-chats', 0, 'p');
      const other = await a.claim('user-chats', 1, 'q');
      await move(a, one, [0, 5]);
      await expect(move(a, { ...other, group: 'chat-history' }, [0, 5])).rejects.toThrow(StaleOwner);
      expect((await stateOf(1))?.position).toBe(0);
      expect((await b.list(['chat-history'])).map(({ position }) => position)).toEqual([0, 0, 0]);
    });

    it('lets what nobody ever had be claimed at once, and what is in use not', async () => {
      const claim = await a.claimIdle('user-chats', 0, { owner: 'p', idleMs: NEVER_MS });
      expect(claim).toEqual({ group: 'user-chats', partition: 0, term: 1, era: 0, position: 0 });
      expect(await b.claimIdle('user-chats', 0, { owner: 'q', idleMs: NEVER_MS })).toBeNull();
      expect(await stateOf(0)).toMatchObject({ owner: 'p', term: 1 });
      expect(await b.claimIdle('user-chats', 0, { owner: 'q', idleMs: AT_ONCE_MS })).toMatchObject({ term: 2 });
      if (claim) await expect(move(a, claim, [0, 1])).rejects.toThrow(StaleOwner);
    });

    it('counts the idle time from the last move, a confirmation too', async () => {
      const claim = await a.claim('user-chats', 0, 'p');
      const waitedMs = 50;
      await until(async () => ((await stateOf(0))?.idleMs ?? 0) >= waitedMs);
      await move(a, claim, [0, 0]);
      expect(await b.claimIdle('user-chats', 0, { owner: 'q', idleMs: NEVER_MS })).toBeNull();
      await until(async () => (await b.claimIdle('user-chats', 0, { owner: 'q', idleMs: waitedMs })) !== null);
      expect(await stateOf(0)).toMatchObject({ owner: 'q', position: 0 });
    });

    it('lets what was released be claimed at once, and nobody release what is another’s', async () => {
      const old = await a.claim('user-chats', 0, 'p');
      await move(a, old, [0, 7]);
      await a.release(old);
      expect(await stateOf(0)).toMatchObject({ owner: '', position: 7, term: 1 });
      const next = await b.claimIdle('user-chats', 0, { owner: 'q', idleMs: NEVER_MS });
      expect(next).toEqual({ group: 'user-chats', partition: 0, term: 2, era: 0, position: 7 });
      await a.release(old);
      expect(await stateOf(0)).toMatchObject({ owner: 'q', term: 2 });
      expect(await a.claimIdle('user-chats', 0, { owner: 'p', idleMs: NEVER_MS })).toBeNull();
      await expect(move(a, old, [7, 8])).rejects.toThrow(StaleOwner);
    });

    it('lets one of many claimers through', async () => {
      const owners = Array.from({ length: 16 }, (_, n) => `p${n}`);
      const claims = await Promise.all(
        owners.map((owner, n) => (n % 2 ? a : b).claimIdle('user-chats', 2, { owner, idleMs: NEVER_MS })),
      );
      expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
      expect(await stateOf(2)).toMatchObject({ term: 1, owner: owners[claims.findIndex((claim) => claim !== null)] });
      const takeovers = await Promise.all(owners.map((owner, n) => (n % 2 ? a : b).claim('user-chats', 2, owner)));
      expect(takeovers.map(({ term }) => term).toSorted((one, two) => one - two)).toEqual(
        owners.map((_, n) => n + 2), // each its own
      );
    });

    it('lets one of many moves through', async () => {
      const claim = await a.claim('user-chats', 0, 'p');
      const moves = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) => move(n % 2 ? a : b, claim, [0, n + 1])),
      );
      const moved = moves.flatMap(({ status }, n) => (status === 'fulfilled' ? [n + 1] : []));
      expect(moved).toHaveLength(1);
      expect((await stateOf(0))?.position).toBe(moved[0]);
    });

    it('pauses all of a group, and no other', async () => {
      await a.prepare('chat-history', 1);
      await a.setPaused('user-chats', true);
      expect((await b.list(['user-chats'])).map(({ paused }) => paused)).toEqual([true, true, true]);
      expect((await b.list(['chat-history']))[0]?.paused).toBe(false);
      await b.setPaused('user-chats', false);
      expect((await a.list(['user-chats'])).map(({ paused }) => paused)).toEqual([false, false, false]);
    });
  });
}

const UNTIL_MS = 10_000;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not so after ${UNTIL_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
