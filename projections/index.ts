export type { Admin, ProjectionJob } from './runner/admin.ts';
export { VIEWS } from './runner/ports.ts';
export { createProgress, type Progress } from './runner/progress.ts';
export type { Report } from './runner/report.ts';
export { createRunner, type Runner, type RunnerOptions } from './runner/runner.ts';
