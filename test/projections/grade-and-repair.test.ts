import { describe, expect, it } from 'vitest';
import { VIEWS } from '../../projections/index.ts';
import { sampled } from '../../projections/runner/sample.ts';
import { plant } from '../support/plant.ts';
import { seeded } from '../support/seeded.ts';
import { built, edit, LOG, rebuilt, SEED } from './blue-green-world.ts';
import { dumpViews } from './dump.ts';
import { jobDone } from './jobs.ts';

describe('verify', () => {
  it(`reports every row that was changed, removed or invented, and none besides (seed ${SEED})`, async () => {
    const world = await built();
    const { admin } = world.running.runner;
    expect(await rebuilt(world, 'members')).toMatchObject({ state: 'done' });
    const random = seeded(SEED);
    const planted = await edit(world.file, (db) =>
      VIEWS.map((view) => ({ view, said: plant(db, view, { each: 2, random }) })),
    );
    for (const { view, said } of planted) {
      const { result } = await jobDone(admin, await admin.verify(view));
      expect(result?.differencesFound).toBe(said.length);
      expect(result?.differences.map(({ what }) => what).sort()).toEqual(said.sort());
    }
    await world.running.close();
  });

  it('looks only at the chats of a sample that was asked for, and says which share they are', async () => {
    const world = await built();
    const { admin } = world.running.runner;
    const chats = LOG.chats.map(({ chatId }) => chatId);
    const share = 0.5;
    const isIn = sampled(share);
    const inside = chats.filter((chatId) => isIn?.chat(chatId));
    await edit(world.file, (db) => db.exec("UPDATE chat_history_messages SET text = 'forged'"));
    const all = (await jobDone(admin, await admin.verify('chat-history'))).result;
    const some = (await jobDone(admin, await admin.verify('chat-history', { sample: share }))).result;
    expect([all?.sample, some?.sample]).toEqual([1, share]);
    expect(new Set(some?.differences.map(({ chatId }) => chatId))).toEqual(new Set(inside));
    expect(some?.differences).toEqual(all?.differences.filter(({ chatId }) => inside.includes(chatId)));
    expect(some?.rows).toBeLessThan(all?.rows ?? 0);
    await world.running.close();
  });
});

describe('repair', () => {
  it('builds one chat anew in all views, in what is read and in what a rollback goes back to, and nothing else', async () => {
    const world = await built();
    const { admin } = world.running.runner;
    const right = await dumpViews(world.file);
    expect(await rebuilt(world, 'members')).toMatchObject({ state: 'done' });
    const broken = LOG.chats[1]?.chatId ?? '';
    const other = LOG.chats[2]?.chatId ?? '';
    await edit(world.file, (db) => {
      const key = (id: string) => `(SELECT key FROM chats WHERE id = '${id}')`;
      db.exec(`DELETE FROM chat_history_messages WHERE chat = ${key(broken)}`);
      db.exec(`UPDATE user_chats_memberships SET read_seq = 0, stays = '[]' WHERE chat = ${key(broken)}`);
      for (const table of ['members_spans', 'members_spans__2'])
        db.exec(`UPDATE ${table} SET role = 'admin', from_seq = from_seq + 50 WHERE chat = ${key(broken)}`);
      db.exec(`UPDATE chat_history_messages SET text = 'forged' WHERE chat = ${key(other)}`);
    });
    expect(await jobDone(admin, await admin.repair(broken))).toMatchObject({ state: 'done', action: 'repair' });
    expect(world.running.reports).toContainEqual(expect.objectContaining({ kind: 'repaired', chatId: broken }));
    for (const name of VIEWS) {
      const { result } = await jobDone(admin, await admin.verify(name));
      const chats = new Set(result?.differences.map(({ chatId }) => chatId));
      expect([...chats]).toEqual(name === 'chat-history' ? [other] : []);
    }
    await admin.rollback('members');
    expect((await jobDone(admin, await admin.verify('members'))).result?.differences).toEqual([]);
    expect(await jobDone(admin, await admin.repair(other))).toMatchObject({ state: 'done' });
    expect(await dumpViews(world.file)).toEqual(right);
    await world.running.close();
  });

  it('knows of no chat that the log does not', async () => {
    const world = await built(LOG.events.slice(0, 50));
    const { admin } = world.running.runner;
    for (const name of ['01HZZZZZZZV0000000000000ZZ', 'no id at all']) {
      expect(await admin.repair(name)).toMatchObject({ ok: false, rejection: { code: 'not-found' } });
    }
    await world.running.close();
  });
});
