import { isTemporary } from '../../events/event-store.ts';
import { pause } from '../pause.ts';
import { type Assignment, leave, type Seat } from './assignment.ts';
import { claimPartition } from './claiming.ts';
import { NotOurs, StillBehind } from './failures.ts';
import { createMissingReader } from './missing.ts';
import type { FollowerLimits, FollowerOptions } from './options.ts';
import { watchPauses } from './pauses.ts';
import { StaleOwner } from './ports.ts';
import type { PartitionReport } from './report.ts';
import type { TakeContext } from './take-links.ts';

/** Does something with a partition, on a seat that is taken where there is none. After a failure there is none again. */
export type Work = (assignment: Assignment, work: (context: TakeContext, seat: Seat) => Promise<void>) => Promise<void>;

export function createWork(options: FollowerOptions, limits: FollowerLimits, onBroken: (error: unknown) => void): Work {
  const { group, clock, report, partitions, log } = options;
  const gate = createGate(options, limits);
  const readMissing = createMissingReader({ log, partitions, pageEvents: limits.batchEvents });
  const sit = createSit(options, limits);

  function tell({ partition, seat, leftTerm }: Assignment, error: unknown): void {
    if (error instanceof StaleOwner) {
      report({ kind: 'stale', group, partition, term: seat?.claim.term ?? leftTerm ?? 0 });
    } else if (!isTemporary(error)) onBroken(error);
    else if (!(error instanceof NotOurs)) report({ kind: 'fault', group, partition, error: String(error) });
  }

  function told(done: PartitionReport): void {
    if (done.kind === 'batch') options.pace?.took(done.partition, done);
    report(done);
  }

  return async (assignment, work) => {
    const { partition } = assignment;
    const ready = async (): Promise<void> => {
      const { signal } = assignment.over;
      if (options.pace && !(await options.pace.before(partition, { withinMs: limits.takeMs, signal })))
        throw new StillBehind(`${group}, partition ${partition}: its rate is bounded`);
      await gate.ready(assignment);
    };
    try {
      await gate.wait(assignment);
      await ready();
      assignment.seat ??= await sit(assignment);
      await work({ group, partition, limits, clock, report: told, readMissing, ready }, assignment.seat);
    } catch (error) {
      if (error instanceof StillBehind) throw error;
      tell(assignment, error);
      await leave(assignment).catch(onBroken);
      throw error;
    }
  };
}

/** Whether a partition may be worked on. */
function createGate({ group, checkpoints }: FollowerOptions, { pausePollMs, takeMs }: FollowerLimits) {
  const pauses = watchPauses({ group, checkpoints, everyMs: pausePollMs });
  const notOurs = ({ partition }: Assignment, why: string) => new NotOurs(`${group}, partition ${partition}: ${why}`);
  return {
    /** Until the group is not paused. Whoever pauses it may change its rows: what was loaded before is of no use after it. */
    async wait(assignment: Assignment): Promise<void> {
      const until = performance.now() + takeMs;
      while (!assignment.over.signal.aborted && (await pauses.isPaused())) {
        await leave(assignment);
        assignment.leftTerm = null;
        if (performance.now() >= until) throw notOurs(assignment, 'paused');
        await pause(pausePollMs, assignment.over.signal);
      }
    },
    /** Asked right before anything is changed. */
    async ready(assignment: Assignment): Promise<void> {
      if (assignment.over.signal.aborted) throw notOurs(assignment, 'given away');
      if (await pauses.isPaused()) throw notOurs(assignment, 'paused');
    },
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
