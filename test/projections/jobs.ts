import type { Outcome } from '../../events/error-codes.ts';
import type { Admin, ProjectionJob } from '../../projections/index.ts';

/** The job's record once it has ended. Throws where it was refused. */
export async function jobDone(admin: Admin, started: Outcome<ProjectionJob>): Promise<ProjectionJob> {
  if (!started.ok) throw new Error(`refused: ${started.rejection.code}`);
  for (;;) {
    const job = await admin.job(started.value.jobId);
    if (!job) throw new Error('the job is gone');
    if (job.state !== 'running') return job;
    await new Promise(setImmediate);
  }
}
