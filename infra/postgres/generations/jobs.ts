import type { Job, JobAction, JobAsked, Jobs, Lease } from '../../../projections/generations/ports.ts';
import { StaleDriver } from '../../../projections/generations/ports.ts';
import type { ViewGroup } from '../../../projections/partitions/ports.ts';
import type { Postgres, Session } from '../pool.ts';

/** Those that ended first are forgotten first. */
const JOBS_KEPT = 100;

const MILLIS = (column: string): string => `floor(extract(epoch FROM ${column}) * 1000)::bigint`;
const COLUMNS = `id AS "jobId", action, name, asked, state, phase, goal, told, ${MILLIS('started_at')} AS "startedAt",
  ${MILLIS('ended_at')} AS "endedAt", result, compared, error, term, cancelled`;
const ADOPT = `UPDATE projection_jobs SET driver = $1, term = term + 1, beat_at = clock_timestamp()
  WHERE id = (SELECT id FROM projection_jobs
    WHERE state = 'running' AND beat_at <= clock_timestamp() - $2 * interval '1 millisecond'
    ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ${COLUMNS}`;
const TELL = `UPDATE projection_jobs SET beat_at = clock_timestamp(), told = (told::jsonb || $3::jsonb)::text,
  phase = coalesce($4, phase), goal = coalesce($5, goal), result = coalesce($6, result),
  compared = coalesce($7, compared)
  WHERE id = $1 AND term = $2 AND state = 'running' RETURNING cancelled`;
const END = `UPDATE projection_jobs SET state = $3, result = $4, error = $5, compared = NULL, ended_at = clock_timestamp()
  WHERE id = $1 AND term = $2 AND state = 'running'`;
const BEGIN_BUILDING = `INSERT INTO generations (grp, generation, state, events_per_second, share)
  SELECT $1, 1 + coalesce(max(generation), 0), 'building', $2, $3 FROM generations WHERE grp = $1
  ON CONFLICT DO NOTHING RETURNING grp AS "group", generation`;
const FORGET = `DELETE FROM projection_jobs WHERE id IN (
  SELECT id FROM projection_jobs WHERE state <> 'running' ORDER BY started_at DESC OFFSET ${JOBS_KEPT})`;

const REPAIRED = `SELECT id AS "jobId", name AS "chatId" FROM projection_jobs WHERE action = 'repair' AND state = 'done'
  AND ended_at >= clock_timestamp() - $1 * interval '1 millisecond' ORDER BY ended_at`;

interface JobRow extends Omit<Job, 'asked' | 'told' | 'result' | 'compared'> {
  readonly asked: string;
  readonly told: string;
  readonly result: string | null;
  readonly compared: string | null;
  readonly term: number;
  readonly cancelled: boolean;
}

/** Thrown out of a transaction that must not come to be. */
class AlreadyRunning extends Error {}

export function createJobs(postgres: Postgres): Jobs {
  return {
    async begin(job, options) {
      try {
        return await postgres.transaction((session) => begin(session, job, options));
      } catch (error) {
        if (error instanceof AlreadyRunning) return null;
        throw error;
      }
    },
    async list() {
      const rows = await postgres.query<JobRow>(`SELECT ${COLUMNS} FROM projection_jobs ORDER BY started_at DESC, id`);
      return rows.map(jobOf);
    },
    async find(jobId) {
      const [row] = await postgres.query<JobRow>(`SELECT ${COLUMNS} FROM projection_jobs WHERE id = $1`, [jobId]);
      return row ? jobOf(row) : null;
    },
    repaired: (withinMs) => postgres.query(REPAIRED, [withinMs]),
    async adopt({ driver, idleMs }) {
      const [row] = await postgres.query<JobRow>(ADOPT, [driver, idleMs]);
      return row ? leaseOf(row) : null;
    },
    async cancel(jobId) {
      const sql = `UPDATE projection_jobs SET cancelled = true WHERE id = $1 AND state = 'running'`;
      return (await postgres.execute(sql, [jobId])) === 1;
    },
    async tell(lease, { phase = null, goal = null, result = null, compared = null, ...told }) {
      const { jobId } = lease.job;
      const values = [jobId, lease.term, json(told), phase, goal, json(result), json(compared)];
      const [row] = await postgres.query<{ cancelled: boolean }>(TELL, values);
      if (!row) throw new StaleDriver(lease);
      return row.cancelled;
    },
    async release({ job, term }) {
      const sql = `UPDATE projection_jobs SET beat_at = 'epoch' WHERE id = $1 AND term = $2`;
      await postgres.execute(sql, [job.jobId, term]);
    },
    end: (lease, end) => endJob(postgres, lease, end),
  };
}

/** In a transaction with what the end makes true. */
export async function endJob(session: Session, lease: Lease, end: Parameters<Jobs['end']>[1]): Promise<void> {
  const { state, result = null, error = null } = end;
  const values = [lease.job.jobId, lease.term, state, json(result), error?.replaceAll('\0', '\uFFFD')];
  if ((await session.execute(END, values)) !== 1) throw new StaleDriver(lease);
}

/** Holds the job until the transaction ends: nobody takes it over, cancels it or ends it in between. */
export async function heldJob(session: Session, lease: Lease): Promise<{ cancelled: boolean }> {
  const sql = `SELECT cancelled FROM projection_jobs WHERE id = $1 AND term = $2 AND state = 'running' FOR UPDATE`;
  const [row] = await session.query<{ cancelled: boolean }>(sql, [lease.job.jobId, lease.term]);
  if (!row) throw new StaleDriver(lease);
  return row;
}

async function begin(
  session: Session,
  job: { jobId: string; action: JobAction; name: string; asked: JobAsked },
  { driver, building = [], limits }: Parameters<Jobs['begin']>[1],
): Promise<Lease> {
  const targets = [];
  for (const group of building) {
    const values = [group, limits?.eventsPerSecond ?? null, limits?.share ?? null];
    const [made] = await session.query<{ group: ViewGroup; generation: number }>(BEGIN_BUILDING, values);
    if (!made) throw new AlreadyRunning();
    targets.push(made);
  }
  const asked = building.length > 0 ? { ...job.asked, targets } : job.asked;
  const [row] = await session.query<JobRow>(
    `INSERT INTO projection_jobs (id, action, name, asked, driver) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    [job.jobId, job.action, job.name, JSON.stringify(asked), driver],
  );
  if (!row) throw new AlreadyRunning();
  await session.execute(FORGET);
  return leaseOf(row);
}

const jobOf = ({ term: _term, cancelled: _cancelled, asked, told, result, compared, ...job }: JobRow): Job => ({
  ...job,
  asked: JSON.parse(asked) as Job['asked'],
  told: JSON.parse(told) as Job['told'],
  result: result === null ? null : (JSON.parse(result) as Job['result']),
  compared: compared === null ? null : (JSON.parse(compared) as Job['compared']),
});

const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

const leaseOf = (row: JobRow): Lease => ({ job: jobOf(row), term: row.term });
