import pg from 'pg';
import {
  type CheckpointState,
  type Checkpoints,
  type Claim,
  type GroupName,
  StaleOwner,
  type Step,
} from '../../projections/partitions/ports.ts';
import type { Bound, Postgres, Session } from './pool.ts';

/**
 * Not waited for on disk: after a crash of the server the checkpoint may be where it was a moment before, with all
 * that was written after it gone too. A claim is waited for, so no term comes twice.
 */
const MOVE = `UPDATE checkpoints SET position = $5, moved_at = clock_timestamp()
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
  WHERE grp = $1 AND partition = $2 AND term = $3 AND position = $4`;
const CLAIM = 'UPDATE checkpoints SET term = term + 1, owner = $3, moved_at = clock_timestamp()';
/** As a checkpoint is that nobody ever had. */
const RELEASE = `UPDATE checkpoints SET owner = '', moved_at = 'epoch' WHERE grp = $1 AND partition = $2 AND term = $3`;
// Of two at once the second waits for the first, then sees that the row is not idle any more.
const IDLE = "moved_at <= clock_timestamp() - $4 * interval '1 millisecond'";

export function createCheckpoints(postgres: Postgres): Checkpoints {
  return {
    async prepare(group, partitions) {
      await postgres.execute(
        'INSERT INTO checkpoints (grp, partition) SELECT $1, generate_series(0, $2 - 1) ON CONFLICT DO NOTHING',
        [group, partitions],
      );
    },
    async claim(group, partition, owner) {
      const claimed = await claim(postgres, 'true', [group, partition, owner]);
      if (!claimed) throw new Error(`${group} has no partition ${partition}: it was not prepared`);
      return claimed;
    },
    claimIdle: (group, partition, { owner, idleMs }) => claim(postgres, IDLE, [group, partition, owner, idleMs]),
    move: (step) => moveCheckpoint(postgres, step),
    async release({ group, partition, term }) {
      await postgres.execute(RELEASE, [group, partition, term]);
    },
    list: (groups) => list(postgres, groups),
    async setPaused(group, paused) {
      await postgres.execute('UPDATE checkpoints SET paused = $2 WHERE grp = $1', [group, paused]);
    },
  };
}

/**
 * The fence, for `atomically`: it fails where the claim is over, so that whatever is sent behind it is not even begun.
 * It holds the row: nobody can take over between it and the commit.
 */
export const moveOrFail = ({ claim, from, to }: Step): Bound => ({
  statement: {
    name: 'checkpoints-move-or-fail',
    text: `WITH moved AS (${MOVE} RETURNING 1) SELECT 1 / count(*) FROM moved`,
  },
  values: [claim.group, claim.partition, claim.term, from, to],
});

/** What `moveOrFail` failed with. */
export const isOver = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === DIVISION_BY_ZERO;
const DIVISION_BY_ZERO = '22012';

/** The fence as a statement of its own. */
export async function moveCheckpoint(session: Session, { claim, from, to }: Step): Promise<void> {
  const { group, partition, term } = claim;
  const moved = await session.execute({ name: 'checkpoints-move', text: MOVE }, [group, partition, term, from, to]);
  if (moved !== 1) throw new StaleOwner(claim);
}

async function claim(postgres: Postgres, where: string, values: readonly unknown[]): Promise<Claim | null> {
  const [claimed] = await postgres.query<Claim>(
    `${CLAIM} WHERE grp = $1 AND partition = $2 AND ${where} RETURNING grp AS "group", partition, term, generation AS era, position`,
    values,
  );
  return claimed ?? null;
}

const list = (postgres: Postgres, groups: readonly GroupName[] | undefined): Promise<CheckpointState[]> =>
  postgres.query(
    `SELECT grp AS "group", partition, position, term, owner, paused,
      greatest(0, floor(extract(epoch FROM clock_timestamp() - moved_at) * 1000))::bigint AS "idleMs"
      FROM checkpoints WHERE $1::text[] IS NULL OR grp = ANY($1) ORDER BY grp, partition`,
    [groups ?? null],
  );
