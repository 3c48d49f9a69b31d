import type { Parked, Parking } from '../../projections/parking/ports.ts';
import { withoutNul } from '../sql/without-nul.ts';
import type { Postgres } from './pool.ts';

const COLUMNS = `grp AS "group", partition, key, stream, revision, position, type, error, waiting,
  floor(extract(epoch FROM parked_at) * 1000)::bigint AS since, asked, tried`;

/** The checkpoint's row is held until it is there: a term that ends meanwhile ends after it, and takes it away. */
const PARK = `INSERT INTO parked (grp, key, partition, stream, revision, position, type, error)
  SELECT grp, $2::text, partition, $4::text, $5::bigint, $6::bigint, $7::text, $8::text
  FROM checkpoints WHERE grp = $1 AND partition = $3 AND term = $9 FOR SHARE
  ON CONFLICT (grp, key) DO NOTHING`;
/** Whoever has a later term has read before what is parked, and would let pass what waits here. */
const HELD = 'SELECT 1 FROM checkpoints WHERE grp = $1 AND partition = $2 AND term = $3 FOR SHARE';
const AGAIN = `UPDATE parked SET stream = $3, revision = $4, position = $5, type = $6, error = $7,
  waiting = greatest(0, waiting - $8), tried = $9 WHERE grp = $1 AND key = $2`;

/** What projectors could not take, and how much waits behind it. */
export function createParking(postgres: Postgres): Parking {
  const underTerm = (
    { group, partition }: { group: string; partition: number },
    term: number,
    change: { text: string; values: readonly unknown[] },
  ): Promise<void> =>
    postgres.transaction(async (session) => {
      const held = await session.query(HELD, [group, partition, term]);
      if (held.length === 1) await session.execute(change.text, change.values);
    });

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
    list: () => postgres.query<Parked>(`SELECT ${COLUMNS} FROM parked ORDER BY grp, position, key`),
    async ask(group, key) {
      const sql = 'UPDATE parked SET asked = asked + 1 WHERE grp = $1 AND key = $2 RETURNING asked';
      const [row] = await postgres.query<{ asked: number }>(sql, [group, key]);
      return row?.asked ?? null;
    },
    asked: (group, partition) =>
      postgres.query<Parked>(
        `SELECT ${COLUMNS} FROM parked WHERE grp = $1 AND partition = $2 AND asked > tried ORDER BY position, key`,
        [group, partition],
      ),
    again({ event, taken, attempt }, term) {
      const { group, key, stream, revision, position, type, error } = event;
      const values = [group, key, stream, revision, position, type, withoutNul(error), taken, attempt];
      return underTerm(event, term, { text: AGAIN, values });
    },
    release: (of, term) =>
      underTerm(of, term, { text: 'DELETE FROM parked WHERE grp = $1 AND key = $2', values: [of.group, of.key] }),
  };
}
