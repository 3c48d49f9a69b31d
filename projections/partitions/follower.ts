import type { GroupMember, Link, TopicGroup } from '../../events/backplane.ts';
import type { EventLog, LogPosition } from '../../events/event-store.ts';
import { type Assignment, end, inTurn, leave, newAssignment, pause, type Seat } from './assignment.ts';
import { claimPartition } from './claiming.ts';
import { isTemporary, NotOurs, StillBehind } from './failures.ts';
import { createMissingReader } from './missing.ts';
import { watchPauses } from './pauses.ts';
import { type Checkpoints, type GroupName, StaleOwner } from './ports.ts';
import type { ReportPartition } from './report.ts';
import type { OpenSink } from './sink.ts';
import { restOn, type TakeContext, takeLinks } from './take-links.ts';

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

  function close(): Promise<void> {
    closing ??= (async () => {
      for (const assignment of assignments.values()) end(assignment);
      await topic.close();
      await Promise.all([...assignments.values()].map((assignment) => inTurn(assignment, async () => undefined)));
      assignments.clear();
    })();
    return closing;
  }

  const member: GroupMember = {
    take(partition, links) {
      const assignment = assignments.get(partition) ?? newAssignment(partition);
      if (closing) end(assignment);
      else assignments.set(partition, assignment);
      return take(assignment, links);
    },
    lost(partitions) {
      for (const partition of partitions) {
        const assignment = assignments.get(partition);
        assignments.delete(partition);
        if (!assignment) continue;
        end(assignment);
        inTurn(assignment, async () => undefined).catch(broken.with);
      }
    },
  };

  return {
    async run() {
      try {
        await Promise.race([topic.run(member), broken.promise]);
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

type Take = (assignment: Assignment, links: readonly Link[]) => Promise<void>;

function createTake(options: FollowerOptions, onBroken: (error: unknown) => void): Take {
  const { group, clock, report, partitions, log, checkpoints } = options;
  const limits = { ...FOLLOWER_LIMITS, ...options.limits };
  const pauses = watchPauses({ group, checkpoints, everyMs: limits.pausePollMs });
  const readMissing = createMissingReader({ log, partitions, pageEvents: limits.batchEvents });
  const sit = createSit(options, limits);

  /** Whoever pauses a group may change its rows: nothing that was loaded before is of use after it. */
  async function unpaused(assignment: Assignment): Promise<void> {
    const until = performance.now() + limits.takeMs;
    while (!assignment.over.signal.aborted && (await pauses.isPaused())) {
      await leave(assignment);
      assignment.leftTerm = null;
      if (performance.now() >= until) throw notOurs(assignment, 'paused');
      await pause(limits.pausePollMs, assignment);
    }
  }

  const notOurs = ({ partition }: Assignment, why: string) => new NotOurs(`${group}, partition ${partition}: ${why}`);

  /** Right before anything is changed. */
  async function ready(assignment: Assignment): Promise<void> {
    if (assignment.over.signal.aborted) throw notOurs(assignment, 'given away');
    if (await pauses.isPaused()) throw notOurs(assignment, 'paused');
  }

  async function work(assignment: Assignment, work: (context: TakeContext, seat: Seat) => Promise<void>) {
    const { partition } = assignment;
    try {
      await unpaused(assignment);
      await ready(assignment);
      assignment.seat ??= await sit(assignment);
      const context = { group, partition, limits, clock, report, readMissing, ready: () => ready(assignment) };
      await work(context, assignment.seat);
    } catch (error) {
      if (error instanceof StillBehind) throw error;
      if (error instanceof StaleOwner) {
        report({ kind: 'stale', group, partition, term: assignment.seat?.claim.term ?? assignment.leftTerm ?? 0 });
      } else if (!isTemporary(error)) onBroken(error);
      else if (!(error instanceof NotOurs)) report({ kind: 'fault', group, partition, error: String(error) });
      await leave(assignment).catch(onBroken);
      throw error;
    }
  }

  function restIn(assignment: Assignment, ms: number): void {
    if (assignment.over.signal.aborted) return;
    if (assignment.rest) clearTimeout(assignment.rest);
    assignment.rest = setTimeout(() => void inTurn(assignment, () => rest(assignment)).catch(onBroken), ms);
  }

  async function rest(assignment: Assignment): Promise<void> {
    if (assignment.over.signal.aborted) return;
    try {
      await work(assignment, async (context, seat) => {
        const again = await restOn(context, seat);
        if (again !== null) restIn(assignment, again);
      });
    } catch (error) {
      // Told of; whoever is overtaken waits for the group to decide.
      if (isTemporary(error)) restIn(assignment, limits.takeBackRetryMs);
    }
  }

  return (assignment, links) => {
    if (assignment.rest) clearTimeout(assignment.rest);
    return inTurn(assignment, () =>
      work(assignment, async (context, seat) => {
        await takeLinks(context, seat, links);
        if (seat.restless || seat.held > seat.committed) restIn(assignment, limits.idleCommitMs);
      }),
    );
  };
}

function createSit(options: FollowerOptions, limits: FollowerLimits): (assignment: Assignment) => Promise<Seat> {
  const { group, checkpoints, owner, open, report } = options;
  const how = { group, checkpoints, owner, idleMs: limits.takeBackMs, retryMs: limits.takeBackRetryMs };
  return async (assignment) => {
    const claim = await claimPartition(how, assignment);
    const { partition, term, position } = claim;
    assignment.leftTerm = term; // where the sink cannot be opened, the claim is left all the same
    const sink = await open(claim);
    report({ kind: 'claimed', group, partition, term, position });
    return { claim, sink, committed: position, held: position, committedAt: performance.now(), restless: true };
  };
}
