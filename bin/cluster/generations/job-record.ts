import { rfc3339 } from '../../../events/codec.ts';
import type { Comparison, ProjectionJob } from '../../../gateway/http/ops/port.ts';
import type { Comparison as Compared, Job } from '../../../projections/generations/ports.ts';

/** As operators see it. */
export function jobRecord(job: Job, { paused = false } = {}): ProjectionJob {
  const { jobId, name, action, state, phase, told, asked, startedAt, endedAt, result, error } = job;
  const running = state === 'running';
  return {
    jobId,
    name,
    action,
    state: running && paused ? 'paused' : state,
    phase: running && action === 'rebuild' ? phase : null,
    progress: state === 'done' ? 1 : (told.progress ?? 0),
    etaS: running && !paused ? (told.etaS ?? null) : null,
    eventsPerSecond: running ? (told.eventsPerSecond ?? null) : null,
    lagEvents: running ? (told.lagEvents ?? null) : null,
    lagSeconds: running ? (told.lagSeconds ?? null) : null,
    startedAt: rfc3339(startedAt),
    endedAt: endedAt === null ? null : rfc3339(endedAt),
    actor: asked.actor ?? null,
    reason: asked.reason ?? null,
    result: result && comparison(result),
    error,
  };
}

const comparison = ({ differences, skipped, parked, ...counts }: Compared): Comparison => ({
  ...counts,
  differences: [...differences],
  skipped: skipped.map(({ views, stream, revision, type, reason }) => ({ views, stream, revision, type, reason })),
  parked: parked.map(({ group, key, stream, revision, waiting }) => ({ group, key, stream, revision, waiting })),
});
