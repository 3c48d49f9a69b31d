import { openDatabase } from '../database.ts';

/**
 * Ends all sessions of an `accounts.db` that comes from a backup: those that were ended since would otherwise be open
 * again. Nobody else may have the file open.
 */
export async function endAllSessions(file: string): Promise<void> {
  const database = await openDatabase({ file, synchronous: 'full', journal: 'delete' });
  try {
    database.exec('DELETE FROM sessions');
  } finally {
    database.close();
  }
}
