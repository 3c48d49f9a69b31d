import { createGrade } from './grade.ts';
import type { JobDeps, JobWork } from './job.ts';
import type { StoredJob } from './ports.ts';

/** Folds the log beside the views up to where the live ones stand, and compares the two row by row. */
export function verifyWork(deps: JobDeps, { jobId, views, how }: StoredJob): JobWork {
  const graded = views.map((view) => ({ view, generation: deps.store.generations(view).live }));
  const grade = createGrade(deps, { name: jobId, graded, how });
  return {
    step: grade.step,
    units: grade.units,
    position: () => null,
    result: grade.result,
    end: (how) => grade.end({ keep: how === 'stopped' }),
  };
}
