import type { GroupMember, Link } from '../../events/backplane.ts';
import { isTemporary, type LogPosition } from '../../events/event-store.ts';
import { type Assignment, end, inTurn, newAssignment, type Seat } from './assignment.ts';
import { FOLLOWER_LIMITS, type FollowerOptions } from './options.ts';
import { restOn, takeLinks } from './take-links.ts';
import { createWork } from './work.ts';

/*
 * One partition in this process, from the first links that its group brings until the group takes it away:
 *
 *                            2 ┌───┐                   ┌───┐ 4
 *                 1            ▼   │         3         ▼   │
 *   unknown ────────────▶ without a seat ─────────▶ seated ┘
 *      ▲                     │     ▲                │    │
 *      │                     │     └────────────────┘    │
 *      │          6          │              5            │ 6
 *      └─────────────────────┴───────────────────────────┘
 *
 * 1  `take`: the group brings links.
 * 2  The group is paused, or the partition another's: asked again with the next links.
 * 3  Claimed at the checkpoint, the sink opened. The first claim takes over whoever has it; one after a seat was left
 *    only where that seat's term still stands, or whoever came after it is silent (`claiming.ts`).
 * 4  Links are taken, and what they lack is read. None for a while: progress is committed, the sink hears of it.
 *    `StillBehind`: the seat is kept, and the next call goes on from there.
 * 5  Paused, overtaken (`StaleOwner`), or an error with `temporary`: the sink is closed. After a pause the next claim
 *    is like a first one. Where nothing came and that failed for a time, a timer tries again.
 * 6  `lost` or `close`: the sink is closed after whoever is at work.
 *
 * Any other error ends `run`, and so all partitions of the process.
 */

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

/** Links as they come; and a look after the partition when none have come for a while. */
function createTake(options: FollowerOptions, onBroken: (error: unknown) => void): Take {
  const limits = { ...FOLLOWER_LIMITS, ...options.limits };
  const work = createWork(options, limits, onBroken);

  function restIn(assignment: Assignment, ms: number): void {
    if (assignment.rest) clearTimeout(assignment.rest);
    if (assignment.over.signal.aborted) return;
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

  return (assignment, links) =>
    inTurn(assignment, () =>
      work(assignment, async (context, seat) => {
        await takeLinks(context, seat, links);
        if (seat.restless || seat.held > seat.committed) restIn(assignment, limits.idleCommitMs);
      }),
    );
}
