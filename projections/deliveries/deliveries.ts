import type { TopicWriter } from '../../events/backplane.ts';
import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { RECEIPTS_MAX_MEMBERS } from '../../events/limits.ts';
import { slotOf } from '../../events/partition.ts';
import { chatOf, chatStream, receiptsOf, seqOf } from '../../events/streams.ts';
import { isStoreFailure } from '../partitions/failures.ts';
import { openParkedKeys, type ParkedKeys } from '../partitions/parked-keys.ts';
import type { Checkpoints, Claim, Parking } from '../partitions/ports.ts';
import type { ReportPartition } from '../partitions/report.ts';
import type { PartitionSink, Stretch } from '../partitions/sink.ts';
import { type Chains, createChains } from './chains.ts';
import { foldMove, isMove, membersOf } from './membership.ts';
import type { ChatSlots, ChatSlotsStore } from './ports.ts';

/** While there is always something to tell, slots that it is not for hear at most so often how far the rest is. */
export const WATERMARK_EVERY_MS = 200;
/** While there is nothing to tell they hear that: a slot that hears nothing at all is cut off. */
export const REPEAT_EVERY_MS = 1_000;
const HEAL_EVENTS = 500;

export interface DeliveriesOptions {
  claim: Claim;
  store: ChatSlotsStore;
  /** Its partitions are the recipient slots. Shared: it is not closed here. */
  writer: TopicWriter;
  log: EventLog;
  checkpoints: Checkpoints;
  parking: Parking;
  report: ReportPartition;
  /** Milliseconds since 1970. */
  clock: () => number;
  watermarkEveryMs?: number;
  repeatEveryMs?: number;
}

interface Progress {
  position: LogPosition;
  /** Where the checkpoint is. Every slot was told of everything through here: the next owner's chains begin there. */
  committed: LogPosition;
  /** Null until slots were told of anything. */
  told: LogPosition | null;
  toldAt: number;
  /** Whether there was an event since. */
  events: boolean;
  /** Those of parked chats since. */
  waiting: RecordedEvent[];
}

interface Context extends DeliveriesOptions {
  readonly chains: Chains;
  readonly parked: ParkedKeys;
  readonly progress: Progress;
}

/**
 * Tells recipient slots what concerns somebody in them: one link for each slot with a member, however many are behind
 * it. The checkpoint moves only when every slot was told how far: to a reader the chain of the next owner goes on where
 * this one ended. What was written after the checkpoint is written again by that one, and dropped by its readers.
 */
export async function openDeliveries(options: DeliveriesOptions): Promise<PartitionSink> {
  const { claim, writer } = options;
  const { position } = claim;
  const chains = createChains(writer, { source: claim.partition, from: position });
  const parked = await openParkedKeys(options);
  const never = Number.NEGATIVE_INFINITY;
  const progress = { position, committed: position, told: null, toldAt: never, events: false, waiting: [] };
  const context: Context = { ...options, chains, parked, progress };
  return {
    take: (stretch) => deliver(context, stretch),
    quiet: () => tellQuiet(context),
    close: async () => options.store.reset(),
  };
}

async function deliver(context: Context, { events, to }: Stretch): Promise<void> {
  const { store, chains, parked, progress } = context;
  const concerned = events.flatMap((event) => concernOf(event) ?? []);
  await store.load([...new Set(concerned.map(({ chatId }) => chatId))]);
  for (const concern of concerned) {
    if (parked.has(concern.event)) {
      progress.waiting.push(concern.event);
      continue;
    }
    try {
      await chains.put(concern.event, await slotsFor(context, concern));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      await parked.park(error.event, { error: error.cause, at: progress.committed });
    }
  }
  progress.position = to;
  progress.events ||= events.length > 0;
  if (untilDueMs(context) <= 0) await tellAll(context);
  else await chains.written();
}

const untilDueMs = ({ progress, clock, watermarkEveryMs }: Context): number =>
  progress.toldAt + (watermarkEveryMs ?? WATERMARK_EVERY_MS) - clock();

async function tellAll({ chains, progress, clock, store, claim, parked }: Context): Promise<void> {
  const { committed: from, position: to, waiting } = progress;
  chains.watermark(to);
  await chains.written();
  await store.commit({ claim, from, to });
  Object.assign(progress, { committed: to, told: to, toldAt: clock(), events: false, waiting: [] });
  await parked.count(waiting);
}

/** Events that have come to an end are told of at once, mere progress when it is due, that nothing is new now and then. */
async function tellQuiet(context: Context): Promise<number> {
  const { progress, chains, clock, repeatEveryMs = REPEAT_EVERY_MS } = context;
  const news = progress.told !== progress.position;
  const inMs = news ? untilDueMs(context) : progress.toldAt + repeatEveryMs - clock();
  if (inMs > 0 && !progress.events) return inMs;
  if (news) await tellAll(context);
  else {
    chains.repeat(progress.position);
    await chains.written();
    progress.toldAt = clock();
  }
  return repeatEveryMs;
}

interface Concern {
  readonly event: RecordedEvent;
  readonly chatId: ChatId;
  /** Whose receipts moved; null for an event of the chat itself. */
  readonly userId: UserId | null;
}

/** Null for what no connection is told of. */
function concernOf(event: RecordedEvent): Concern | null {
  const chatId = chatOf(event.stream);
  if (chatId !== null) return { event, chatId, userId: null };
  const receipts = receiptsOf(event.stream);
  return receipts && { event, ...receipts };
}

/** An event that cannot be folded: its chat waits. */
class Unreadable extends Error {
  readonly event: RecordedEvent;
  constructor(event: RecordedEvent, cause: unknown) {
    super(`${event.stream} revision ${event.revision} cannot be read`, { cause });
    this.event = event;
  }
}

async function slotsFor(context: Context, { event, chatId, userId }: Concern): Promise<Iterable<number>> {
  const chat = context.store.of(chatId);
  if (userId !== null) return slotsOfReceipts(chat, slotOf(userId, context.writer.partitions));
  const seq = seqOf(event.revision);
  if (chat.headSeq === 0 && seq > 1) await learn(context, chat, event);
  if (!isMove(event)) return chat.counts.keys();
  const before = [...chat.counts.keys()];
  if (!fold(context, chat, event)) return []; // who has taken it in has told of it before that
  return event.type === 'MemberRemoved' ? before : chat.counts.keys();
}

/** In large chats only one's own connections hear how far one has read. */
function slotsOfReceipts(chat: ChatSlots, own: number): Iterable<number> {
  if (membersOf(chat) <= RECEIPTS_MAX_MEMBERS) return chat.counts.keys();
  return chat.counts.has(own) ? [own] : [];
}

function fold({ store, writer }: Context, chat: ChatSlots, event: RecordedEvent): boolean {
  try {
    const folded = foldMove(chat, event, writer.partitions);
    if (folded) store.touch(chat);
    return folded;
  } catch (error) {
    throw isStoreFailure(error) ? error : new Unreadable(event, error);
  }
}

/** Who is in a chat that the store does not know, from its stream up to an event: told of what lies there they were long ago. */
async function learn(context: Context, chat: ChatSlots, before: RecordedEvent): Promise<void> {
  const { log, claim, report } = context;
  const { chatId } = chat;
  for (let next = 0; next < before.revision; ) {
    const limit = Math.min(HEAL_EVENTS, before.revision - next);
    const page = await log.readStream(chatStream(chatId), { from: next, limit });
    if (page.length === 0) throw new Unreadable(before, new Error(`chat ${chatId} has no event ${seqOf(next)}`));
    for (const event of page) if (isMove(event)) fold(context, chat, event);
    next += page.length;
  }
  report({ kind: 'chat-healed', group: claim.group, partition: claim.partition, chatId, events: before.revision });
}
