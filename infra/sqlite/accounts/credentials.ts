import { closeSync, openSync } from 'node:fs';
import type { StoredCredential } from '../../../gateway/auth/ports.ts';
import { openDatabase } from '../database.ts';
import { prepareAccounts } from './schema.ts';

const PAGE_ROWS = 500;
const OWNER_ONLY = 0o600;

/** The credentials of an `accounts.db`, page by page, in the order of the users' ids. Nothing else in it is touched. */
export async function* readCredentials(file: string): AsyncGenerator<StoredCredential[]> {
  const database = await openDatabase({ file, synchronous: 'full', readOnly: true });
  try {
    const page = database.prepare<StoredCredential>(
      `SELECT user_id AS userId, hash, enrolled_by AS enrolledBy, changed_by AS changedBy FROM credentials
        WHERE user_id > ? ORDER BY user_id LIMIT ?`,
    );
    for (let after = ''; ; ) {
      const rows = page.all(after, PAGE_ROWS);
      if (rows.length > 0) yield rows;
      if (rows.length < PAGE_ROWS) return;
      after = rows.at(-1)?.userId ?? after;
    }
  } finally {
    database.close();
  }
}

/** Makes an `accounts.db` of credentials alone: nobody has a session. The file must not be there yet. */
export async function writeCredentials(file: string, credentials: readonly StoredCredential[]): Promise<void> {
  closeSync(openSync(file, 'wx', OWNER_ONLY));
  const database = await openDatabase({ file, synchronous: 'full', journal: 'delete' });
  try {
    prepareAccounts(database);
    const insert = database.prepare(
      'INSERT INTO credentials (user_id, hash, enrolled_by, changed_by) VALUES (?, ?, ?, ?)',
    );
    database.transaction(() => {
      for (const { userId, hash, enrolledBy, changedBy } of credentials)
        insert.run(userId, hash, enrolledBy, changedBy);
    });
  } finally {
    database.close();
  }
}
