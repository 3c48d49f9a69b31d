import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../events/error-codes.ts';
import type { ProjectionAdmin, ProjectionJob } from '../../gateway/http/ops/port.ts';
import { createUlidFactory } from '../../infra/system/ids.ts';
import { VIEWS } from '../../projections/index.ts';

/** What operators see of an engine whose views hold its whole log. */
export interface AdminWorld {
  readonly admin: ProjectionAdmin;
  /** One that is there. */
  readonly chatId: string;
  /** Rebuilds and verifies that are begun while they are held do not end by themselves. */
  hold(held: boolean): void;
  close(): Promise<void>;
}

const ENDS_WITHIN_MS = 60_000;
const LONG_MS = 120_000;
const NOT_THERE = 'sessions';
const BY = { actor: 'olga', reason: 'as an exercise' };

/** What `ProjectionAdmin` promises, whichever engine has the views. */
export function projectionAdminContract(name: string, open: () => Promise<AdminWorld>): void {
  describe(`operators of views: ${name}`, () => {
    let world: AdminWorld;
    let admin: ProjectionAdmin;
    beforeAll(async () => {
      world = await open();
      admin = world.admin;
    }, LONG_MS);
    afterAll(() => world?.close());

    const generations = async (view: string) => (await stateOf(view))?.generations;
    const stateOf = async (view: string) => (await admin.list()).find((state) => state.name === view);
    const ended = async (begun: Outcome<ProjectionJob>): Promise<ProjectionJob | null> => {
      const { jobId } = valueOf(begun);
      const state = async () => (await admin.job(jobId))?.state;
      await expect.poll(state, { timeout: ENDS_WITHIN_MS }).not.toBe('running');
      return admin.job(jobId);
    };
    const held = async <T>(work: () => Promise<T>): Promise<T> => {
      world.hold(true);
      try {
        return await work();
      } finally {
        world.hold(false);
      }
    };

    it('lists every view, and what is read of it', async () => {
      const states = await admin.list();
      expect(states.map((state) => state.name)).toEqual(expect.arrayContaining([...VIEWS]));
      for (const view of VIEWS) {
        expect(await stateOf(view)).toMatchObject({
          state: 'live',
          lagEvents: 0,
          progress: null,
          etaS: null,
          generations: { live: expect.any(Number), building: null, previous: null },
        });
      }
    });

    it('knows no other view, and takes `all` for a view only where that can be meant', async () => {
      for (const action of ['rebuild', 'verify', 'pause', 'resume', 'cancel', 'rollback', 'drop'] as const) {
        expect(await admin[action](NOT_THERE)).toMatchObject(refused('not-found'));
      }
      for (const action of ['pause', 'resume', 'rollback', 'drop'] as const) {
        expect(await admin[action]('all')).toMatchObject(refused('not-found'));
      }
    });

    it('goes back to nothing where nothing was before, and throws nothing away', async () => {
      for (const action of ['rollback', 'drop'] as const) {
        expect(await admin[action]('users')).toMatchObject(refused('version-conflict'));
      }
    });

    it('pauses a view and lets it go on', async () => {
      expect(await admin.pause('chat-history')).toMatchObject({ ok: true, value: { state: 'paused' } });
      expect(await stateOf('chat-history')).toMatchObject({ state: 'paused' });
      expect(await admin.resume('chat-history')).toMatchObject({ ok: true, value: { state: 'live' } });
    });

    it('compares all views with the log, or a share of the chats', async () => {
      const whole = await ended(await admin.verify('all', { by: BY }));
      expect(whole).toMatchObject({ name: 'all', action: 'verify', state: 'done', progress: 1, error: null, ...BY });
      expect(whole?.result).toMatchObject({ sample: 1, differencesFound: 0, differences: [] });
      expect([whole?.result?.skipped, whole?.result?.parked]).toEqual([[], []]);
      const half = await ended(await admin.verify('chat-history', { sample: 0.5 }));
      expect(half?.result).toMatchObject({ sample: 0.5, differencesFound: 0 });
      expect(half?.result?.rows).toBeLessThan(whole?.result?.rows ?? 0);
    });

    it('builds one chat anew, and none that is not there', async () => {
      const repaired = await ended(await admin.repair(world.chatId, { by: BY }));
      expect(repaired).toMatchObject({ name: world.chatId, action: 'repair', state: 'done', error: null, ...BY });
      for (const chatId of ['nowhere', createUlidFactory()()]) {
        expect(await admin.repair(chatId)).toMatchObject(refused('not-found'));
      }
    });

    it('lists jobs, the latest first, and knows none that was never begun', async () => {
      const first = await ended(await admin.verify('users'));
      const second = await ended(await admin.verify('members'));
      expect((await admin.jobs()).slice(0, 2)).toEqual([second, first]);
      expect(await admin.job('none')).toBeNull();
    });

    it('refuses a rebuild of what is being rebuilt, pauses it rather than the view, and leaves nothing of a cancelled one', () =>
      held(async () => {
        const before = await generations('users');
        const { jobId } = valueOf(await admin.rebuild('all', { by: BY }));
        for (const again of ['all', 'users']) {
          expect(await admin.rebuild(again)).toMatchObject(refused('version-conflict'));
        }
        expect(await admin.pause('users')).toMatchObject({ ok: true });
        expect(await admin.job(jobId)).toMatchObject({ state: 'paused', action: 'rebuild', endedAt: null, ...BY });
        expect(await admin.resume('users')).toMatchObject({ ok: true, value: { state: 'rebuilding' } });
        expect(await admin.cancel('users')).toMatchObject({ ok: true, value: { jobId, state: 'cancelled' } });
        expect(await admin.cancel('users')).toMatchObject(refused('version-conflict'));
        expect(await generations('users')).toEqual(before);
        expect(await stateOf('users')).toMatchObject({ state: 'live' });
      }));

    it('says that a view is paused beside its rebuild too, and lets both go on at once', () =>
      held(async () => {
        expect(await admin.pause('chat-history')).toMatchObject({ ok: true });
        const { jobId } = valueOf(await admin.rebuild('chat-history', { by: BY }));
        expect(await admin.pause('chat-history')).toMatchObject({ ok: true, value: { state: 'paused' } });
        expect(await admin.job(jobId)).toMatchObject({ state: 'paused' });
        expect(await admin.resume('chat-history')).toMatchObject({ ok: true, value: { state: 'rebuilding' } });
        expect(await admin.job(jobId)).toMatchObject({ state: 'running' });
        expect(await admin.cancel('chat-history')).toMatchObject({ ok: true, value: { jobId } });
        expect(await stateOf('chat-history')).toMatchObject({ state: 'live' });
      }));

    it('cancels a verify by any view that it is of, the rebuild before it, and no repair', () =>
      held(async () => {
        const ofAll = valueOf(await admin.verify('all'));
        expect(await admin.cancel(world.chatId)).toMatchObject(refused('not-found'));
        expect(await admin.cancel('users')).toMatchObject({
          ok: true,
          value: { jobId: ofAll.jobId, action: 'verify', state: 'cancelled', result: null },
        });
        const verify = valueOf(await admin.verify('members'));
        expect(await admin.cancel('chat-history')).toMatchObject(refused('version-conflict'));
        const rebuild = valueOf(await admin.rebuild('members'));
        for (const { jobId } of [rebuild, verify]) {
          expect(await admin.cancel('all')).toMatchObject({ ok: true, value: { jobId, state: 'cancelled' } });
        }
        expect(await admin.cancel('all')).toMatchObject(refused('version-conflict'));
      }));

    it(
      'reads a new generation once it is equal to the log, keeps the one before for a rollback, and drops it',
      async () => {
        const live = (await generations('chat-history'))?.live ?? 0;
        const done = await ended(await admin.rebuild('chat-history', { by: BY }));
        expect(done).toMatchObject({ action: 'rebuild', state: 'done', phase: null, progress: 1, ...BY });
        expect(done?.result).toMatchObject({ sample: 1, differencesFound: 0, differences: [] });
        const after = await generations('chat-history');
        expect(after).toMatchObject({ building: null, previous: live });
        expect(after?.live).toBeGreaterThan(live);
        const back = { live, building: null, previous: after?.live };
        expect(await admin.rollback('chat-history')).toMatchObject({ ok: true, value: { generations: back } });
        expect(await admin.drop('chat-history')).toMatchObject({
          ok: true,
          value: { generations: { ...back, previous: null } },
        });
      },
      LONG_MS,
    );
  });
}

const refused = (code: string) => ({ ok: false, rejection: { code } });

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.rejection.code}: ${outcome.rejection.detail}`);
  return outcome.value;
}
