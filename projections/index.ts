export { type DeliveriesOptions, openDeliveries } from './deliveries/deliveries.ts';
export {
  createPartitionFollower,
  FOLLOWER_LIMITS,
  type FollowerLimits,
  type FollowerOptions,
  type PartitionFollower,
  type PartitionState,
} from './partitions/follower.ts';
export type { PartitionReport, ReportPartition } from './partitions/report.ts';
export type { OpenSink, PartitionSink, Stretch } from './partitions/sink.ts';
export { openViewSink, type ViewSinkOptions } from './partitions/view-sink.ts';
export type { Admin, ProjectionJob } from './runner/admin.ts';
export { VIEWS } from './runner/ports.ts';
export { createProgress, type Progress } from './runner/progress.ts';
export type { Report } from './runner/report.ts';
export { createRunner, type Runner, type RunnerOptions } from './runner/runner.ts';
