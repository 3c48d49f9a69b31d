import type { EventLog, RecordedEvent } from '../../events/event-store.ts';
import { chatStream, revisionOf } from '../../events/streams.ts';
import type { Taken } from '../parking/attempt.ts';
import { createLeftOut, type LeftOut } from '../parking/left-out.ts';
import type { Parking } from '../parking/ports.ts';
import type { EventPlace } from '../projection.ts';
import { createAttempts } from './attempts.ts';
import { StillBehind } from './failures.ts';
import { createFoldBatch, type FoldBatch, type Folded } from './fold-batch.ts';
import { FOLLOWER_LIMITS } from './options.ts';
import { openParkedKeys, type ParkedKeys } from './parked-keys.ts';
import { type Checkpoints, type Claim, type PartitionRows, RefusedRows, type Step, VIEWS_OF } from './ports.ts';
import type { ReportPartition } from './report.ts';
import type { PartitionSink, Stretch } from './sink.ts';

/** So many of a chat's events are read from its stream at once where the view lacks them. */
const HEAL_EVENTS = 500;

export interface ViewSinkOptions {
  claim: Claim;
  /** Closed with the sink. */
  rows: PartitionRows;
  checkpoints: Checkpoints;
  parking: Parking;
  log: EventLog;
  report: ReportPartition;
  /** A call of `take` that has to read chats from their streams ends after so long. */
  takeMs?: number;
  /** Told of each committed event of a type that no schema knows. */
  onUnknown: (event: EventPlace) => void;
}

interface Context extends ViewSinkOptions {
  readonly fold: FoldBatch;
  readonly leftOut: LeftOut;
  readonly parked: ParkedKeys;
  /** When the present call of `take` has lasted long enough, by `performance.now()`. */
  endAt: number;
}

/** The views of one group for one partition. */
export async function openViewSink(options: ViewSinkOptions): Promise<PartitionSink> {
  const { rows, log, claim, takeMs = FOLLOWER_LIMITS.takeMs } = options;
  const leftOut = createLeftOut();
  await leftOut.load(log);
  const parked = await openParkedKeys(options);
  const context: Context = { ...options, fold: createFoldBatch(rows, leftOut), leftOut, parked, endAt: 0 };
  const attempts = createAttempts({ log, parked, leftOut, take: (events, at) => takeWaiting(context, events, at) });
  let at = claim.position;
  return {
    async take(stretch) {
      context.endAt = performance.now() + takeMs;
      await attempts.turn(at);
      await takeStretch(context, stretch);
      at = stretch.to;
    },
    quiet: () => attempts.turn(at),
    close: () => rows.close(),
  };
}

/** A batch is tried again without what stood in its way, until all that can be taken is taken. */
async function takeStretch(context: Context, stretch: Stretch): Promise<void> {
  const { parked, claim } = context;
  const { from, to } = stretch;
  const healed = new Set<RecordedEvent>();
  for (;;) {
    const events = stretch.events.filter((event) => !parked.has(event));
    const folded = await fold(context, events, { claim, from, to });
    if (folded.outcome === 'done') break;
    if (folded.outcome === 'refused') return refused(context, { stretch, events, error: folded.error });
    const gap = folded.outcome === 'gap' && !healed.has(folded.event) ? folded : null;
    if (gap) healed.add(gap.event);
    const poison = gap ? await healChat(context, gap, from) : folded;
    if (poison && !(await isLeftOutNow(context, poison.event)))
      await parked.park(poison.event, { error: poison.error, at: from });
  }
  await parked.count(stretch.events);
}

/** What an operator has decided of another generation of the group since this one was opened. */
async function isLeftOutNow({ leftOut, log, rows }: Context, event: RecordedEvent): Promise<boolean> {
  const [view] = VIEWS_OF[rows.group];
  const before = leftOut.has(view, event);
  await leftOut.load(log);
  return !before && leftOut.has(view, event);
}

type Attempt = Folded | { outcome: 'refused'; error: RefusedRows };
type Poison = Pick<Extract<Folded, { outcome: 'poison' }>, 'event' | 'error'>;
type Gap = Extract<Folded, { outcome: 'gap' }>;

async function fold(context: Context, events: readonly RecordedEvent[], step: Step): Promise<Attempt> {
  try {
    const folded = await context.fold(events, step);
    if (folded.outcome === 'done') for (const event of folded.unknown) context.onUnknown(event);
    return folded;
  } catch (error) {
    if (error instanceof RefusedRows && events.length > 0) return { outcome: 'refused', error };
    throw error;
  }
}

interface Refused {
  readonly stretch: Stretch;
  /** Those that were tried. */
  readonly events: readonly RecordedEvent[];
  readonly error: RefusedRows;
}

/** What the database will not hold is found by halves; it is then poison like any other. */
async function refused(context: Context, { stretch, events, error }: Refused): Promise<void> {
  const { from, to } = stretch;
  const [only] = events;
  if (only && events.length === 1) {
    if (!(await isLeftOutNow(context, only))) await context.parked.park(only, { error, at: from });
    return takeStretch(context, stretch);
  }
  const first = stretch.events.slice(0, stretch.events.length >> 1);
  const middle = first.at(-1)?.position ?? from;
  await takeStretch(context, { events: first, from, to: middle });
  return takeStretch(context, { events: stretch.events.slice(first.length), from: middle, to });
}

/**
 * Reads what the view lacks of a chat from its stream and takes it in, the checkpoint staying where it is. Null where
 * that worked; else the event that the chat cannot go past. What was taken in stays: where it is too much for one call,
 * the next one finds a smaller gap.
 */
async function healChat(context: Context, gap: Gap, at: number): Promise<Poison | null> {
  const { claim, log, report, endAt } = context;
  const { group, partition } = claim;
  const { chatId, held, came } = gap.error;
  let lowest = held + 1;
  let seq = lowest;
  while (seq < came) {
    if (seq > lowest && performance.now() >= endAt) {
      report({ kind: 'chat-healed', group, partition, chatId, events: seq - lowest });
      throw new StillBehind(`${group}, partition ${partition}: chat ${chatId} has come to ${seq - 1} of ${came}`);
    }
    const limit = Math.min(HEAL_EVENTS, came - seq);
    const page = await log.readStream(chatStream(chatId), { from: revisionOf(seq), limit });
    if (page.length === 0) return gap;
    const folded = await fold(context, page, { claim, from: at, to: at });
    if (folded.outcome === 'poison') return folded;
    if (folded.outcome === 'refused') return { event: gap.event, error: folded.error };
    if (folded.outcome === 'done') {
      seq += page.length;
      continue;
    }
    // Another view of the group lacks more.
    seq = folded.error.held + 1;
    if (seq >= lowest) return gap;
    lowest = seq;
  }
  report({ kind: 'chat-healed', group, partition, chatId, events: came - lowest });
  return null;
}

/** What waited behind a parked event, all of it or nothing; the checkpoint stays where it is. */
async function takeWaiting(context: Context, events: readonly RecordedEvent[], at: number): Promise<Taken> {
  if (events.length === 0) return { outcome: 'done' };
  const step = { claim: context.claim, from: at, to: at };
  const folded = await fold(context, events, step);
  switch (folded.outcome) {
    case 'refused':
      return oneByOne(context, { events, at, error: folded.error });
    case 'gap': {
      const poison = await healChat(context, folded, at);
      if (poison) return { outcome: 'poison', event: folded.event, error: poison.error };
      const again = await fold(context, events, step);
      return again.outcome === 'done' || again.outcome === 'poison'
        ? again
        : { outcome: 'poison', event: folded.event, error: again.error };
    }
    default:
      return folded;
  }
}

async function oneByOne(
  context: Context,
  { events, at, error }: { events: readonly RecordedEvent[]; at: number; error: RefusedRows },
): Promise<Taken> {
  const [only, ...more] = events;
  if (only && more.length === 0) return { outcome: 'poison', event: only, error };
  for (const event of events) {
    const taken = await takeWaiting(context, [event], at);
    if (taken.outcome === 'poison') return taken;
  }
  return { outcome: 'done' };
}
