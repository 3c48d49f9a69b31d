import { START } from '../../../events/event-store.ts';
import { randomEpoch } from '../../system/ids.ts';
import { openDatabase } from '../database.ts';
import { CLOCK_STRIDE, readEpoch } from './schema.ts';

export interface RestoredLog {
  epoch: string;
  events: number;
  lastPosition: number;
}

/**
 * Makes a copied log one that begins anew: with a new epoch, since what comes next may take places that events after
 * the copy had, and, where `until` is given, without what lies behind it. Nobody else may have the file open.
 */
export async function renewEventLog(file: string, { until }: { until: number | null }): Promise<RestoredLog> {
  const database = await openDatabase({ file, synchronous: 'full', journal: 'delete' });
  try {
    readEpoch(database); // that this program understands the file
    return database.transaction(() => {
      if (until !== null) {
        database.prepare('DELETE FROM events WHERE position > ?').run(until);
        database.prepare('DELETE FROM clock WHERE position > ?').run(until - (until % CLOCK_STRIDE));
        database.exec('DELETE FROM streams WHERE id NOT IN (SELECT stream FROM events)');
      }
      database.exec('DELETE FROM snapshots'); // they may be of states that are gone
      const epoch = randomEpoch();
      database.prepare("UPDATE meta SET value = ? WHERE key = 'epoch'").run(epoch);
      const counts = database
        .prepare<{ events: number; last: number | null }>(
          'SELECT count(*) AS events, max(position) AS last FROM events',
        )
        .get();
      return { epoch, events: counts?.events ?? 0, lastPosition: counts?.last ?? START };
    });
  } finally {
    database.close();
  }
}
