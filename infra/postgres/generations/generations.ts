import type { Generation, Generations, Target } from '../../../projections/generations/ports.ts';
import { groupName, type ViewGroup } from '../../../projections/partitions/ports.ts';
import type { Postgres, Session } from '../pool.ts';
import { endJob, heldJob } from './jobs.ts';

const LIST = `SELECT grp AS "group", generation, state, ready, events_per_second AS "eventsPerSecond", share, yielding
  FROM generations WHERE state <> 'dropped' ORDER BY grp, generation`;
/**
 * Of what is to be dropped, `ready` says that nobody is at it: whoever takes it on sets it to false. Whoever was not heard
 * of for so long is dead.
 */
const DROP_AGAIN_MS = 120_000;
const CLAIM_DROPPED = `UPDATE generations SET changed_at = clock_timestamp(), ready = false
  WHERE (grp, generation) = (SELECT grp, generation FROM generations WHERE state = 'dropping'
    AND changed_at <= clock_timestamp() - (CASE WHEN ready THEN $1 ELSE ${DROP_AGAIN_MS} END) * interval '1 millisecond'
    LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING grp AS "group", generation`;

export function createGenerations(postgres: Postgres): Generations {
  return {
    list: () => postgres.query<Generation>(LIST),
    ready: (lease, targets) =>
      postgres.transaction(async (session) => {
        await heldJob(session, lease);
        for (const target of targets) await set(session, target, 'ready = true');
      }),
    async yield(targets, yielding) {
      for (const target of targets) await set(postgres, target, `yielding = ${yielding}`);
    },
    async count(targets, counted) {
      for (const target of targets) await set(postgres, target, `counted = ${counted}`);
    },
    switchOver: (lease, targets, end) =>
      postgres.transaction(async (session) => {
        const { cancelled } = await heldJob(session, lease);
        if (cancelled) return false;
        for (const target of targets) await takeOver(session, target);
        await endJob(session, lease, end);
        return true;
      }),
    abandon: (lease, targets, end) =>
      postgres.transaction(async (session) => {
        await heldJob(session, lease);
        for (const target of targets) await become(session, target, { from: 'building', to: 'dropping' });
        await endJob(session, lease, end);
      }),
    rollBack: (targets) => postgres.transaction((session) => rollBack(session, targets)),
    drop: (groups) =>
      postgres.query<Target>(
        `UPDATE generations SET state = 'dropping', counted = false, ready = true, changed_at = clock_timestamp()
          WHERE grp = ANY($1) AND state = 'previous' RETURNING grp AS "group", generation`,
        [groups],
      ),
    async claimDropped({ idleMs }) {
      const [target] = await postgres.query<Target>(CLAIM_DROPPED, [idleMs]);
      return target ?? null;
    },
    dropped: (target) =>
      postgres.transaction(async (session) => {
        const name = groupName(target.group, target.generation);
        // The claims end first: whoever parks something under one of them has done so before, or does it no more.
        await session.execute('DELETE FROM checkpoints WHERE grp = $1', [name]);
        await session.execute('DELETE FROM parked WHERE grp = $1', [name]);
        await become(session, target, { from: 'dropping', to: 'dropped' });
      }),
  };
}

const set = (session: Session, { group, generation }: Target, what: string): Promise<number> =>
  session.execute(`UPDATE generations SET ${what} WHERE grp = $1 AND generation = $2`, [group, generation]);

/** Whether it was what it should have been. */
async function become(
  session: Session,
  { group, generation }: Target,
  { from, to }: { from: string; to: string },
): Promise<boolean> {
  const sql = `UPDATE generations SET state = $4, counted = false, ready = true, yielding = false,
    changed_at = clock_timestamp() WHERE grp = $1 AND generation = $2 AND state = $3`;
  return (await session.execute(sql, [group, generation, from, to])) === 1;
}

/** In this order: there is never more than one of each. */
async function takeOver(session: Session, target: Target): Promise<void> {
  await movedOn(session, target.group, { from: 'previous', to: 'dropping' });
  await movedOn(session, target.group, { from: 'live', to: 'previous' });
  if (!(await become(session, target, { from: 'building', to: 'live' })))
    throw new Error(`${groupName(target.group, target.generation)} is not being built`);
}

const movedOn = (session: Session, group: ViewGroup, { from, to }: { from: string; to: string }): Promise<number> =>
  session.execute(
    `UPDATE generations SET state = $3, counted = false, changed_at = clock_timestamp() WHERE grp = $1 AND state = $2`,
    [group, from, to],
  );

/** `targets` are the previous ones. */
async function rollBack(session: Session, targets: readonly Target[]): Promise<boolean> {
  const rows = await session.query<Generation>(`${LIST} FOR UPDATE`);
  const isThere = ({ group, generation }: Target): boolean =>
    rows.some((row) => row.group === group && row.generation === generation && row.state === 'previous');
  if (!targets.every(isThere)) return false;
  for (const target of targets) {
    await movedOn(session, target.group, { from: 'live', to: 'leaving' });
    await become(session, target, { from: 'previous', to: 'live' });
    await movedOn(session, target.group, { from: 'leaving', to: 'previous' });
  }
  return true;
}
