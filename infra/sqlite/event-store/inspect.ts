import { openDatabase } from '../database.ts';
import { readEpoch } from './schema.ts';

/** What can be said of a log's file without folding it. */
export interface LogInspection {
  epoch: string;
  events: number;
  streams: number;
  /** 0 where it is empty. */
  lastPosition: number;
  /** What `PRAGMA integrity_check` found, nothing where all is well. */
  damage: string[];
  /** Streams whose revisions have a gap. */
  streamsWithGaps: string[];
  /** Positions that no event has, though later ones do. */
  missingPositions: number;
}

const DAMAGE_SHOWN_MAX = 20;

/** Reads the whole file: about a second for each GB. It may be written meanwhile. Throws where it cannot be read. */
export async function inspectEventLog(file: string): Promise<LogInspection> {
  const database = await openDatabase({ file, synchronous: 'full', readOnly: true });
  try {
    database.exec('BEGIN'); // all of it is of one moment
    const epoch = readEpoch(database);
    const check = database.prepare<{ integrity_check: string }>(`PRAGMA integrity_check(${DAMAGE_SHOWN_MAX})`).all();
    const counts = database
      .prepare<{ events: number; last: number | null }>('SELECT count(*) AS events, max(position) AS last FROM events')
      .get();
    const gaps = database.prepare<{ name: string }>(
      `SELECT name FROM streams JOIN events ON stream = id GROUP BY id
        HAVING min(revision) <> 0 OR count(*) <> max(revision) + 1 LIMIT ${DAMAGE_SHOWN_MAX}`,
    );
    const events = counts?.events ?? 0;
    const lastPosition = counts?.last ?? 0;
    return {
      epoch,
      events,
      streams: database.prepare<{ streams: number }>('SELECT count(*) AS streams FROM streams').get()?.streams ?? 0,
      lastPosition,
      damage: check.map((row) => row.integrity_check).filter((line) => line !== 'ok'),
      streamsWithGaps: gaps.all().map(({ name }) => name),
      missingPositions: lastPosition - events,
    };
  } finally {
    database.close();
  }
}
