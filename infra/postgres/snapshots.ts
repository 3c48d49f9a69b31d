import type { Snapshots } from '../../commands/ports.ts';
import type { Postgres } from './pool.ts';

const LOAD = { name: 'snapshots-load', text: 'SELECT revision, state FROM snapshots WHERE stream = $1' };
// They can be made again at any time, so nobody waits for the disk.
const SAVE = {
  name: 'snapshots-save',
  text: `INSERT INTO snapshots (stream, revision, state)
    SELECT $1, $2, $3 FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
    ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision, state = excluded.state
    WHERE excluded.revision >= snapshots.revision`,
};

/** Folded cores of long streams, for all processes that take commands. */
export function createSnapshots(postgres: Postgres): Snapshots {
  return {
    async load(stream) {
      const [row] = await postgres.query<{ revision: number; state: string }>(LOAD, [stream]);
      return row ?? null;
    },
    async save(stream, revision, state) {
      await postgres.execute(SAVE, [stream, revision, state]);
    },
  };
}
