import { rfc3339 } from '../../events/codec.ts';
import { type LagDeps, lagWithoutHoles } from '../lag.ts';
import type { ProjectionJob } from './api.ts';
import type { Job } from './job.ts';

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
export async function jobRecord(deps: LagDeps, job: Job): Promise<ProjectionJob> {
  const { jobId, name, action, state, phase, startedAt, endedAt, by, result, error } = job.stored;
  const position = job.work?.position() ?? null;
  const lag = position === null ? null : await lagWithoutHoles(deps, position);
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
    startedAt: rfc3339(startedAt),
    endedAt: endedAt === null ? null : rfc3339(endedAt),
    actor: by?.actor ?? null,
    reason: by?.reason ?? null,
    result,
    error,
  };
}
