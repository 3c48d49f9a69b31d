import type { Link, TopicGroup } from '../../events/backplane.ts';
import type { EventLog, LogPosition } from '../../events/event-store.ts';
import { type Assignment, newAssignment, pause, type Seat } from './assignment.ts';
import { claimPartition } from './claiming.ts';
import { isTemporary, NotOurs } from './failures.ts';
import { createMissingReader } from './missing.ts';
import { watchPauses } from './pauses.ts';
import { type Checkpoints, type GroupName, StaleOwner } from './ports.ts';
import type { ReportPartition } from './report.ts';
import type { OpenSink } from './sink.ts';
import { takeLinks } from './take-links.ts';

export interface FollowerLimits {
  /** So many events are taken in at once. */
  batchEvents: number;
  /** Progress without any event is committed at most so often. */
  idleCommitMs: number;
  pausePollMs: number;
  /** A partition that was lost to another owner is taken back where that one is silent for so long. */
  takeBackMs: number;
  takeBackRetryMs: number;
}

export const FOLLOWER_LIMITS: FollowerLimits = {
  batchEvents: 1_000,
  idleCommitMs: 50,
  pausePollMs: 500,
  takeBackMs: 5_000,
  takeBackRetryMs: 1_000,
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
}

export interface PartitionState {
  readonly partition: number;
  readonly term: number;
  readonly position: LogPosition;
}

export interface PartitionFollower {
  /** Runs until it is closed. Rejects where it cannot go on: the process ends, and another takes over. */
  run(): Promise<void>;
  close(): Promise<void>;
  /** The partitions that are claimed here. */
  state(): PartitionState[];
}

/**
 * Follows the partitions that a group of processes has shared out: claims each, takes its links in order, reads from
 * the log what they say is missing, and hands it all to a sink, which moves the checkpoint. Whatever goes wrong, the
 * seat is left and the next links begin with a new claim, at the checkpoint.
 */
export function createPartitionFollower(options: FollowerOptions): PartitionFollower {
  const { topic } = options;
  const assignments = new Map<number, Assignment>();
  const broken = createBroken();
  const take = createTake(options, broken.with);
  let closing: Promise<void> | null = null;

  function end(assignment: Assignment): void {
    assignment.over.abort();
    assignments.delete(assignment.partition);
    if (!assignment.busy) void leave(assignment).catch(broken.with);
  }

  function close(): Promise<void> {
    closing ??= (async () => {
      for (const { over } of assignments.values()) over.abort();
      await topic.close();
      await Promise.all([...assignments.values()].map(leave));
      assignments.clear();
    })();
    return closing;
  }

  return {
    async run() {
      const running = topic.run({
        take(partition, links) {
          const assignment = assignments.get(partition) ?? newAssignment(partition);
          if (closing) assignment.over.abort();
          else assignments.set(partition, assignment);
          return take(assignment, links);
        },
        lost(partitions) {
          for (const partition of partitions) {
            const assignment = assignments.get(partition);
            if (assignment) end(assignment);
          }
        },
      });
      try {
        await Promise.race([running, broken.promise]);
      } finally {
        await close();
      }
    },
    close,
    state: () => [...assignments.values()].flatMap(({ partition, seat }) => (seat ? [stateOf(partition, seat)] : [])),
  };
}

const stateOf = (partition: number, { claim, committed }: Seat): PartitionState => ({
  partition,
  term: claim.term,
  position: committed,
});

/** What ends the whole run, whichever partition it came from. */
function createBroken(): { promise: Promise<never>; with(error: unknown): void } {
  let breakWith: (error: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, reject) => {
    breakWith = reject;
  });
  promise.catch(() => undefined); // it may break before or after the run, which is who throws it
  return { promise, with: (error) => breakWith(error) };
}

async function leave(assignment: Assignment): Promise<void> {
  const { seat } = assignment;
  assignment.seat = null;
  if (!seat) return;
  assignment.leftTerm = seat.claim.term;
  await seat.sink.close();
}

type Take = (assignment: Assignment, links: readonly Link[]) => Promise<void>;

function createTake(options: FollowerOptions, onBroken: (error: unknown) => void): Take {
  const { group, clock, report, partitions, log, checkpoints } = options;
  const limits = { ...FOLLOWER_LIMITS, ...options.limits };
  const pauses = watchPauses({ group, checkpoints, clock, everyMs: limits.pausePollMs });
  const readMissing = createMissingReader({ log, partitions, pageEvents: limits.batchEvents });
  const sit = createSit(options, limits);

  /** Resolves when the partition may be worked on. */
  async function ready(assignment: Assignment): Promise<void> {
    while (!assignment.over.signal.aborted && (await pauses.isPaused())) await pause(limits.pausePollMs, assignment);
    if (assignment.over.signal.aborted) throw new NotOurs(`${group}, partition ${assignment.partition}: given away`);
  }

  async function fail(assignment: Assignment, error: unknown): Promise<void> {
    const at = { group, partition: assignment.partition };
    if (error instanceof StaleOwner) report({ ...at, kind: 'stale', term: assignment.seat?.claim.term ?? 0 });
    else if (!isTemporary(error)) onBroken(error);
    else if (!(error instanceof NotOurs)) report({ ...at, kind: 'fault', error: String(error) });
    await leave(assignment).catch(onBroken);
  }

  return async (assignment, links) => {
    assignment.busy = true;
    try {
      await ready(assignment);
      assignment.seat ??= await sit(assignment);
      const seat = assignment.seat;
      await takeLinks(
        { group, partition: assignment.partition, limits, clock, report, readMissing, ready: () => ready(assignment) },
        seat,
        links,
      );
    } catch (error) {
      await fail(assignment, error);
      throw error;
    } finally {
      assignment.busy = false;
      if (assignment.over.signal.aborted) await leave(assignment).catch(onBroken);
    }
  };
}

function createSit(options: FollowerOptions, limits: FollowerLimits): (assignment: Assignment) => Promise<Seat> {
  const { group, checkpoints, owner, open, report, clock } = options;
  const how = { group, checkpoints, owner, idleMs: limits.takeBackMs, retryMs: limits.takeBackRetryMs };
  return async (assignment) => {
    const claim = await claimPartition(how, assignment);
    const { partition, term, position } = claim;
    assignment.leftTerm = term; // where the sink cannot be opened, the claim is left all the same
    const sink = await open(claim);
    report({ kind: 'claimed', group, partition, term, position });
    return { claim, sink, committed: position, held: position, committedAt: clock() };
  };
}
