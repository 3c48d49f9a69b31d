import type { EventLog, RecordedEvent } from '../../events/event-store.ts';
import { chatStream, revisionOf } from '../../events/streams.ts';
import type { EventPlace } from '../projection.ts';
import { StillBehind } from './failures.ts';
import { createFoldBatch, type FoldBatch, type Folded } from './fold-batch.ts';
import { FOLLOWER_LIMITS } from './options.ts';
import { openParkedKeys, type ParkedKeys } from './parked-keys.ts';
import { type Checkpoints, type Claim, type Parking, type PartitionRows, RefusedRows, type Step } from './ports.ts';
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
  readonly parked: ParkedKeys;
  /** When the present call of `take` has lasted long enough, by `performance.now()`. */
  endAt: number;
}

/** The views of one group for one partition. */
export async function openViewSink(options: ViewSinkOptions): Promise<PartitionSink> {
  const { rows, takeMs = FOLLOWER_LIMITS.takeMs } = options;
  const parked = await openParkedKeys(options);
  const context: Context = { ...options, fold: createFoldBatch(rows), parked, endAt: 0 };
  return {
    take(stretch) {
      context.endAt = performance.now() + takeMs;
      return takeStretch(context, stretch);
    },
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
    if (poison) await parked.park(poison.event, { error: poison.error, at: from });
  }
  await parked.count(stretch.events);
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
    await context.parked.park(only, { error, at: from });
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
