import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { ProjectionJob } from './api.ts';
import type { Job } from './job.ts';

const MS_PER_S = 1_000;

interface Deps {
  log: EventLog;
  clock: () => number;
}

/** How far a place in the log lies behind its head. Embedded, positions have no holes. */
export async function lagAt({ log, clock }: Deps, position: LogPosition): Promise<{ events: number; seconds: number }> {
  const head = await log.head();
  const [next] = position < head ? await log.readAll({ after: position, limit: 1 }) : [];
  const seconds = next ? Math.max(0, (clock() - next.recordedAt) / MS_PER_S) : 0;
  return { events: Math.max(0, head - position), seconds };
}

export const progressOf = ({ stored, work }: Job): number => {
  if (stored.state === 'done') return 1;
  const { done, total } = work?.units() ?? { done: 0, total: 0 };
  return total <= 0 ? 0 : Math.min(1, done / total);
};

export function etaOf({ stored, work, meter }: Job): number | null {
  if (stored.state !== 'running' || !work) return null;
  const { done, total } = work.units();
  return meter.etaS(Math.max(0, total - done));
}

/** A job as an operator sees it. */
export async function jobRecord(deps: Deps, job: Job): Promise<ProjectionJob> {
  const { jobId, name, action, state, phase, startedAt, endedAt, by, result, error } = job.stored;
  const position = job.work?.position() ?? null;
  const lag = position === null ? null : await lagAt(deps, position);
  return {
    jobId,
    name,
    action,
    state,
    phase,
    progress: progressOf(job),
    etaS: etaOf(job),
    eventsPerSecond: state === 'running' ? job.meter.eventsPerSecond() : null,
    lagEvents: lag?.events ?? null,
    lagSeconds: lag?.seconds ?? null,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    actor: by?.actor ?? null,
    reason: by?.reason ?? null,
    result,
    error,
  };
}
