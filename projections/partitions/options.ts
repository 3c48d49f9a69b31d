import type { TopicGroup } from '../../events/backplane.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { FillPace } from './pace.ts';
import type { Checkpoints, GroupName } from './ports.ts';
import type { ReportPartition } from './report.ts';
import type { OpenSink } from './sink.ts';

export interface FollowerLimits {
  /** So many events are taken in at once. */
  batchEvents: number;
  /** Progress without any event is committed at most so often. */
  idleCommitMs: number;
  pausePollMs: number;
  /** A partition that was lost to another owner is taken back where that one is silent for so long. */
  takeBackMs: number;
  takeBackRetryMs: number;
  /** A call of the topic ends after so long, done or not: topics give up on calls that never do. */
  takeMs: number;
}

export const FOLLOWER_LIMITS: FollowerLimits = {
  batchEvents: 1_000,
  idleCommitMs: 50,
  pausePollMs: 500,
  takeBackMs: 5_000,
  takeBackRetryMs: 1_000,
  takeMs: 15_000,
};

export interface FollowerOptions {
  group: GroupName;
  /** Of the topic: they say what of the log is of which partition. */
  partitions: number;
  topic: TopicGroup;
  checkpoints: Checkpoints;
  log: EventLog;
  open: OpenSink;
  /** Says whose the claims are, to operators. */
  owner: string;
  report: ReportPartition;
  /** Milliseconds since 1970. */
  clock: () => number;
  limits?: Partial<FollowerLimits>;
  /** Asked before each batch, and told of it after. */
  pace?: FillPace;
}
