export { createProgress, type Progress } from './runner/progress.ts';
export type { Admin, ProjectionJob, ProjectionState } from './runner/admin.ts';
export { type ViewName, VIEWS } from './runner/ports.ts';
export { createRunner, type Report, type Runner, type RunnerOptions } from './runner/runner.ts';
