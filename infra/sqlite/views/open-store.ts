import type { ViewsStore } from '../../../projections/runner/ports.ts';
import { type Database, discardDatabase, openDatabase } from '../database.ts';
import { isCorrupt } from '../errors.ts';
import { createSchema, whyUnfit } from './schema.ts';
import { viewsStore } from './store.ts';

export interface OpenViewsStore {
  file: string;
  /** Views of another log, or of more than this one holds, are no use. */
  log: { epoch: string; head: number };
  /** Told why a file was thrown away. */
  onDiscard: (why: string) => void;
  busyTimeoutMs?: number;
}

/** Opens the views' database for its runner. What cannot be used is thrown away: the log has it all. */
export async function openViewsStore({ file, log, onDiscard, ...how }: OpenViewsStore): Promise<ViewsStore> {
  const found = await open(file, how);
  const why = typeof found === 'string' ? found : unfit(found, log);
  if (typeof found !== 'string') {
    if (why === null) return viewsStore(found);
    found.close();
  }
  if (why !== 'it is empty') onDiscard(why ?? 'it cannot be opened');
  discardDatabase(file);
  const fresh = await openDatabase({ file, synchronous: 'normal', ...how });
  createSchema(fresh, log.epoch);
  return viewsStore(fresh);
}

async function open(file: string, how: { busyTimeoutMs?: number }): Promise<Database | string> {
  try {
    return await openDatabase({ file, synchronous: 'normal', ...how });
  } catch (error) {
    if (isCorrupt(error)) return String(error);
    throw error;
  }
}

function unfit(db: Database, log: { epoch: string; head: number }): string | null {
  try {
    return whyUnfit(db, log);
  } catch (error) {
    if (isCorrupt(error)) return String(error);
    db.close();
    throw error;
  }
}
