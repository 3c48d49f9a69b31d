import type { Link } from '../../events/backplane.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { Seat } from './assignment.ts';
import { StillBehind } from './failures.ts';
import type { ReadMissing } from './missing.ts';
import type { FollowerLimits } from './options.ts';
import type { GroupName } from './ports.ts';
import type { ReportPartition } from './report.ts';

export interface TakeContext {
  readonly group: GroupName;
  readonly partition: number;
  readonly limits: Pick<FollowerLimits, 'batchEvents' | 'idleCommitMs' | 'takeMs'>;
  readonly clock: () => number;
  readonly report: ReportPartition;
  readonly readMissing: ReadMissing;
  /** Resolves when the partition may be worked on; throws where it is ours no more. */
  ready(): Promise<void>;
}

/** The rule of links: what is held is dropped, what is missing is read from the log, the rest is taken in order. */
export async function takeLinks(context: TakeContext, seat: Seat, links: readonly Link[]): Promise<void> {
  const gathered: RecordedEvent[] = [];
  const endAt = performance.now() + context.limits.takeMs;
  for (const link of links) {
    if (link.position <= seat.held) continue;
    if (link.after > seat.held) await heal(context, seat, { gathered, until: link.after, endAt });
    if (link.event) gathered.push(link.event);
    seat.held = link.position;
    if (gathered.length >= context.limits.batchEvents) await settle(context, seat, gathered);
  }
  await settle(context, seat, gathered);
}

async function heal(
  context: TakeContext,
  seat: Seat,
  { gathered, until, endAt }: { gathered: RecordedEvent[]; until: number; endAt: number },
): Promise<void> {
  const { group, partition, limits, readMissing, report } = context;
  const from = seat.held;
  let count = 0;
  try {
    for await (const { events, through } of readMissing({ partition, after: from, until })) {
      if (gathered.length + events.length > limits.batchEvents) await settle(context, seat, gathered);
      gathered.push(...events);
      count += events.length;
      seat.held = through;
      if (events.length === 0) await settle(context, seat, gathered); // a long way with nothing for us is progress too
      if (performance.now() < endAt || through === until) continue;
      await settle(context, seat, gathered);
      throw new StillBehind(
        `${group}, partition ${partition}: has come from ${from} to ${through}, and goes on to ${until}`,
      );
    }
  } finally {
    if (seat.held > from) report({ kind: 'healed', group, partition, from, to: seat.held, events: count });
  }
}

/**
 * Nothing has come for a while: commits what progress there is, and tells the sink. Resolves with the milliseconds
 * after which to come again, if at all.
 */
export async function restOn(context: TakeContext, seat: Seat): Promise<number | null> {
  if (seat.held > seat.committed) await commit(context, seat, []);
  seat.restless = false;
  if (!seat.sink.quiet) return null;
  await context.ready();
  return seat.sink.quiet();
}

/** Hands over what was gathered. Where that is nothing, the checkpoint follows only now and then. */
async function settle(context: TakeContext, seat: Seat, gathered: RecordedEvent[]): Promise<void> {
  const idleMs = performance.now() - seat.committedAt;
  if (gathered.length === 0 && (seat.held === seat.committed || idleMs < context.limits.idleCommitMs)) return;
  await commit(context, seat, gathered);
}

async function commit({ ready, ...context }: TakeContext, seat: Seat, gathered: RecordedEvent[]): Promise<void> {
  const { group, partition, clock, report } = context;
  const { committed: from, held: to } = seat;
  const last = gathered.at(-1);
  let began = performance.now();
  try {
    await ready();
    began = performance.now();
    await seat.sink.take({ events: [...gathered], from, to });
  } catch (error) {
    seat.held = from; // what was gathered goes with this call: where the seat is kept, the next one reads it again
    throw error;
  }
  const events = gathered.length;
  gathered.length = 0;
  seat.committed = to;
  seat.committedAt = performance.now();
  seat.restless = true;
  if (last) {
    const ms = seat.committedAt - began;
    report({
      kind: 'batch',
      group,
      partition,
      events,
      ms,
      position: to,
      lagMs: Math.max(0, clock() - last.recordedAt),
    });
  }
}
