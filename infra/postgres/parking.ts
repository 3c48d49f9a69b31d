import type { ParkedEvent, Parking } from '../../projections/partitions/ports.ts';
import type { Postgres } from './pool.ts';

const COLUMNS = 'grp AS "group", partition, key, stream, revision, position, type, error, waiting';

/** The checkpoint's row is held until it is there: a term that ends meanwhile ends after it, and takes it away. */
const PARK = `INSERT INTO parked (grp, key, partition, stream, revision, position, type, error)
  SELECT grp, $2::text, partition, $4::text, $5::bigint, $6::bigint, $7::text, $8::text
  FROM checkpoints WHERE grp = $1 AND partition = $3 AND term = $9 FOR SHARE
  ON CONFLICT (grp, key) DO NOTHING`;

/** What projectors could not take, and how much waits behind it. */
export function createParking(postgres: Postgres): Parking {
  return {
    async keys(group, partition) {
      const sql = 'SELECT key FROM parked WHERE grp = $1 AND partition = $2';
      return new Set((await postgres.query<{ key: string }>(sql, [group, partition])).map(({ key }) => key));
    },
    async park({ group, key, partition, stream, revision, position, type, error }, term) {
      const values = [group, key, partition, stream, revision, position, type, withoutNul(error), term];
      await postgres.execute(PARK, values);
    },
    async waits(group, key, events) {
      const sql = 'UPDATE parked SET waiting = waiting + $3 WHERE grp = $1 AND key = $2';
      await postgres.execute(sql, [group, key, events]);
    },
    list: () =>
      postgres.query<ParkedEvent & { waiting: number }>(`SELECT ${COLUMNS} FROM parked ORDER BY grp, position, key`),
  };
}

/** An error may quote what was wrong, and Postgres takes every text but one with U+0000. */
const withoutNul = (text: string): string => text.replaceAll('\0', '\uFFFD');
