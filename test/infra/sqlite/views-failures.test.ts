import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../infra/sqlite/database.ts';
import { openViews } from '../../../infra/sqlite/views/open-views.ts';
import { arrayLog } from '../../support/array-log.ts';
import { testFolder } from '../../support/folder.ts';
import { randomLog } from '../../support/random-log.ts';
import { builtViews } from '../../support/views.ts';

const LOG = randomLog({ seed: 41, events: 60 });
const CHAT = LOG.chats[0]?.chatId ?? '';

/** Views of a log, changed behind their readers' back. */
async function changed(change: (db: Database) => void) {
  const folder = testFolder();
  const built = await builtViews(arrayLog(LOG.events), folder);
  built.close();
  const file = join(folder, 'views.db');
  const db = await openDatabase({ file, synchronous: 'normal' });
  change(db);
  db.close();
  return openViews(file);
}

const tablesOf = (db: Database): string[] =>
  db
    .prepare<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'members%'")
    .all()
    .map(({ name }) => name);

test('a reader that asks for a column which is not there is a fault, and no reason to try again', async () => {
  const views = await changed((db) => {
    for (const table of tablesOf(db)) {
      const columns = db.prepare<{ name: string }>(`PRAGMA table_info(${table})`).all();
      for (const { name } of columns) db.exec(`ALTER TABLE ${table} RENAME COLUMN ${name} TO x_${name}`);
    }
  });
  const error = await views.members.stays(CHAT, 'x').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: expect.stringContaining('no such column') });
  expect(error).not.toHaveProperty('temporary');
  views.close();
});

test('a generation that was dropped under its reader is gone for this call alone', async () => {
  const views = await changed((db) => {
    for (const table of tablesOf(db)) db.exec(`DROP TABLE ${table}`);
  });
  await expect(views.members.stays(CHAT, 'x')).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  views.close();
});
