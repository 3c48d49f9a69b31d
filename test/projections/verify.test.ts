import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { VIEWS } from '../../projections/index.ts';
import { arrayLog } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { hotMessage } from '../support/hot-message.ts';
import { randomLog } from '../support/random-log.ts';
import { startRunner, type TestRunner } from '../support/views.ts';
import { jobDone } from './jobs.ts';

async function built(events: Parameters<typeof arrayLog>[0]): Promise<{ running: TestRunner; file: string }> {
  const folder = testFolder();
  const running = await startRunner({ log: arrayLog(events), folder });
  await running.caughtUp();
  return { running, file: join(folder, 'views.db') };
}

const verified = async ({ runner }: TestRunner, name: string) => {
  const job = await jobDone(runner.admin, await runner.admin.verify(name));
  expect(job).toMatchObject({ state: 'done', progress: 1, error: null });
  return job.result ?? { rows: 0, differences: [] };
};

describe('verify', () => {
  const log = randomLog({ seed: 11, events: 500 });
  const chatId = log.chats[2]?.chatId ?? '';
  const first = log.chats[2]?.events.find(({ type }) => type === 'MessageSent')?.seq ?? 0;
  const key = `(SELECT key FROM chats WHERE id = '${chatId}')`;

  it('finds nothing where nothing is wrong', async () => {
    const { running } = await built(log.events);
    for (const name of [...VIEWS, 'all']) {
      const { rows, differences } = await verified(running, name);
      expect(differences).toEqual([]);
      expect(rows).toBeGreaterThan(0);
    }
    await running.close();
  });

  it('finds nothing wrong with a message of many reactions', async () => {
    const { running } = await built(hotMessage({ changes: 700, seed: 3 }).events);
    expect((await verified(running, 'chat-history')).differences).toEqual([]);
    await running.close();
  });

  it.each([
    {
      name: 'chat-history',
      fault: `UPDATE chat_history_messages SET text = 'forged' WHERE chat = ${key} AND seq = ${first}`,
      difference: { chatId, seq: first, what: expect.stringContaining('different: text') },
    },
    {
      // Node's own SQLite shows what the package ends at the NUL.
      name: 'chat-history',
      fault: `UPDATE chat_history_messages SET text = text || char(0) || 'secret' WHERE chat = ${key} AND seq = ${first}`,
      difference: { chatId, seq: first, what: expect.stringMatching(/different: (text|bytes behind a NUL)/) },
    },
    {
      name: 'chat-history',
      fault: `DELETE FROM chat_history_messages WHERE chat = ${key} AND seq = ${first}`,
      difference: { chatId, seq: first, what: expect.stringContaining('missing') },
    },
    {
      name: 'chat-history',
      fault: `INSERT INTO chat_history_messages VALUES (${key}, 100000, 1, 'x', 1, 1, 'never said', NULL)`,
      difference: { chatId, seq: 100_000, what: expect.stringContaining('not in the log') },
    },
    {
      name: 'user-chats',
      fault: `UPDATE user_chats_memberships SET read_seq = 777 WHERE chat = ${key} AND user = 1`,
      difference: { chatId, seq: expect.any(Number), what: expect.stringContaining('different: read_seq') },
    },
    {
      name: 'members',
      fault: `UPDATE members_spans SET since_seq = 3 WHERE chat = ${key} AND from_seq = 1`,
      difference: { chatId, seq: 1, what: expect.stringContaining('different: since_seq') },
    },
    {
      name: 'users',
      fault: "UPDATE users_users SET display_name = 'Mallory' WHERE username = 'mara_0'",
      difference: { chatId: '', seq: 0, what: expect.stringContaining('different: display_name') },
    },
  ])('finds a fault in $name: $fault', async ({ name, fault, difference }) => {
    const { running, file } = await built(log.events);
    const db = await openDatabase({ file, synchronous: 'normal' });
    expect(Number(db.prepare(fault).run().changes)).toBeGreaterThan(0);
    db.close();
    for (const view of VIEWS) {
      const { differences } = await verified(running, view);
      if (view !== name) expect(differences).toEqual([]);
      else expect(differences).toContainEqual(difference);
    }
    const rebuilt = await jobDone(running.runner.admin, await running.runner.admin.rebuild(name));
    expect(rebuilt.state).toBe('done');
    expect((await verified(running, 'all')).differences).toEqual([]);
    await running.close();
  });
});
