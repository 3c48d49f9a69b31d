import type { Parked, ParkingNow } from '../../../projections/parking/ports.ts';
import { withoutNul } from '../../sql/without-nul.ts';
import type { Database } from '../database.ts';

export const PARKED_TABLE = `
  CREATE TABLE parked (
    grp TEXT NOT NULL, key TEXT NOT NULL, partition INTEGER NOT NULL,
    stream TEXT NOT NULL, revision INTEGER NOT NULL, position INTEGER NOT NULL, type TEXT NOT NULL, error TEXT NOT NULL,
    waiting INTEGER NOT NULL DEFAULT 0, parked_at INTEGER NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0, tried INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (grp, key)
  ) WITHOUT ROWID;
`;

const COLUMNS = `grp AS "group", partition, key, stream, revision, position, type, error, waiting,
  parked_at AS since, asked, tried`;

/** What is parked, beside the rows of the views: whoever calls within a transaction has both or none. */
export function sqliteParking(db: Database, clock: () => number = Date.now): ParkingNow {
  const keys = db.prepare<{ key: string }>('SELECT key FROM parked WHERE grp = ? AND partition = ?');
  const park = db.prepare(
    `INSERT INTO parked (grp, key, partition, stream, revision, position, type, error, parked_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const waits = db.prepare('UPDATE parked SET waiting = waiting + ? WHERE grp = ? AND key = ?');
  const list = db.prepare<Parked>(`SELECT ${COLUMNS} FROM parked ORDER BY grp, position, key`);
  const ask = db.prepare<{ asked: number }>(
    'UPDATE parked SET asked = asked + 1 WHERE grp = ? AND key = ? RETURNING asked',
  );
  const asked = db.prepare<Parked>(
    `SELECT ${COLUMNS} FROM parked WHERE grp = ? AND partition = ? AND asked > tried ORDER BY position, key`,
  );
  const again = db.prepare(
    `UPDATE parked SET stream = ?, revision = ?, position = ?, type = ?, error = ?,
      waiting = max(0, waiting - ?), tried = ?
      WHERE grp = ? AND key = ?`,
  );
  const release = db.prepare('DELETE FROM parked WHERE grp = ? AND partition = ? AND key = ?');
  return {
    keys: (group, partition) => new Set(keys.all(group, partition).map(({ key }) => key)),
    park({ group, key, partition, stream, revision, position, type, error }) {
      park.run(group, key, partition, stream, revision, position, type, withoutNul(error), clock());
    },
    waits: (group, key, events) => void waits.run(events, group, key),
    list: () => list.all().map((row) => ({ ...row })),
    ask: (group, key) => ask.get(group, key)?.asked ?? null,
    asked: (group, partition) => asked.all(group, partition).map((row) => ({ ...row })),
    again({ event, taken, attempt }) {
      const { stream, revision, position, type, error, group, key } = event;
      again.run(stream, revision, position, type, withoutNul(error), taken, attempt, group, key);
    },
    release: ({ group, partition, key }) => void release.run(group, partition, key),
  };
}
