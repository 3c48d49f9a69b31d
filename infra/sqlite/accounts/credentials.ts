import type { StoredCredential } from '../../../gateway/auth/ports.ts';
import { openDatabase } from '../database.ts';

const PAGE_ROWS = 500;

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
