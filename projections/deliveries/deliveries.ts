import type { TopicWriter } from '../../events/backplane.ts';
import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { RECEIPTS_MAX_MEMBERS } from '../../events/limits.ts';
import { slotOf } from '../../events/partition.ts';
import { chatOf, receiptsOf, seqOf } from '../../events/streams.ts';
import type { Parking } from '../parking/ports.ts';
import { FOLLOWER_LIMITS } from '../partitions/options.ts';
import { openParkedKeys, type ParkedKeys } from '../partitions/parked-keys.ts';
import type { Checkpoints, Claim } from '../partitions/ports.ts';
import type { ReportPartition } from '../partitions/report.ts';
import type { PartitionSink, Stretch } from '../partitions/sink.ts';
import { createLearner, type Learner, takeMove, Unreadable } from './learn.ts';
import { isMove, membersOf } from './membership.ts';
import type { ChatSlots, ChatSlotsStore } from './ports.ts';
import { createSlotChains, type SlotChains } from './slot-chains.ts';

/** While there is always something to tell, slots that it is not for hear at most so often how far the rest is. */
export const SLOT_WATERMARK_EVERY_MS = 200;
/** While there is nothing to tell they hear that: a slot that hears nothing at all is cut off. */
export const REPEAT_EVERY_MS = 1_000;

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
  /** A call of `take` that has to read chats from their streams ends after so long. */
  takeMs?: number;
}

const NEVER = Number.NEGATIVE_INFINITY;

interface Progress {
  position: LogPosition;
  /** Where the checkpoint is. Every slot was told of everything through here: the next owner's chains begin there. */
  committed: LogPosition;
  /** `NEVER` until slots were told of anything. */
  toldAt: number;
  /** Whether there was an event since. */
  events: boolean;
  /** Those of parked chats since. */
  waiting: RecordedEvent[];
}

interface Context extends DeliveriesOptions {
  readonly chains: SlotChains;
  readonly parked: ParkedKeys;
  readonly progress: Progress;
  readonly learner: Learner;
}

/**
 * Tells recipient slots what concerns somebody in them: one link for each slot with a member, however many are behind
 * it. The checkpoint moves only when every slot was told how far: to a reader the chain of the next owner goes on where
 * this one ended. What was written after the checkpoint is written again by that one, and dropped by its readers.
 */
export async function openDeliveries(options: DeliveriesOptions): Promise<PartitionSink> {
  const { claim, writer } = options;
  const { position } = claim;
  const chains = createSlotChains(writer, { source: claim.partition, from: position });
  const parked = await openParkedKeys(options);
  const progress = { position, committed: position, toldAt: NEVER, events: false, waiting: [] };
  const learner = createLearner({ ...options, slots: writer.partitions });
  const context: Context = { ...options, chains, parked, progress, learner };
  return {
    take: (stretch) => deliver(context, stretch),
    quiet: () => tellQuiet(context),
    close: async () => options.store.reset(),
  };
}

async function deliver(context: Context, { events, to }: Stretch): Promise<void> {
  const { store, chains, parked, progress, takeMs = FOLLOWER_LIMITS.takeMs } = context;
  const endAt = performance.now() + takeMs;
  const concerned = events.flatMap((event) => concernOf(event) ?? []);
  await store.load([...new Set(concerned.map(({ chatId }) => chatId))]);
  await learnUnknown(context, concerned, endAt);
  for (const concern of concerned) {
    if (parked.has(concern.event)) {
      progress.waiting.push(concern.event);
      continue;
    }
    try {
      await chains.put(concern.event, slotsFor(context, concern));
    } catch (error) {
      await parkUnreadable(context, error);
    }
  }
  progress.position = to;
  progress.events ||= events.length > 0;
  if (untilDueMs(context) <= 0) await tellAll(context);
  else await chains.written();
}

const untilDueMs = ({ progress, clock, watermarkEveryMs }: Context): number =>
  progress.toldAt + (watermarkEveryMs ?? SLOT_WATERMARK_EVERY_MS) - clock();

/** All partitions of a process tell at the same ticks of the clock: their watermarks go to Kafka in the same requests. */
const tickBefore = (now: number, everyMs: number = SLOT_WATERMARK_EVERY_MS): number => now - (now % everyMs);

async function tellAll({ chains, progress, clock, watermarkEveryMs, store, claim, parked }: Context): Promise<void> {
  const { committed: from, position: to, waiting } = progress;
  chains.watermark(to);
  await chains.written();
  await store.commit({ claim, from, to });
  const toldAt = tickBefore(clock(), watermarkEveryMs);
  Object.assign(progress, { committed: to, toldAt, events: false, waiting: [] });
  await parked.count(waiting);
}

/** Events that have come to an end are told of at once, mere progress when it is due, that nothing is new now and then. */
async function tellQuiet(context: Context): Promise<number> {
  const { progress, chains, clock, repeatEveryMs = REPEAT_EVERY_MS } = context;
  const news = progress.toldAt === NEVER || progress.committed !== progress.position;
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

function slotsFor(context: Context, { event, chatId, userId }: Concern): Iterable<number> {
  const chat = context.store.of(chatId);
  if (userId !== null) return slotsOfReceipts(chat, slotOf(userId, context.writer.partitions));
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
  const folded = takeMove(chat, event, writer.partitions);
  if (folded) store.touch(chat);
  return folded;
}

/** Before anything of the events is written: it may take more than one call. */
async function learnUnknown(context: Context, concerned: readonly Concern[], endAt: number): Promise<void> {
  const { store, learner, parked } = context;
  const looked = new Set<ChatId>();
  for (const { event, chatId, userId } of concerned) {
    if (userId !== null || looked.has(chatId) || parked.has(event)) continue;
    looked.add(chatId);
    const chat = store.of(chatId);
    if (chat.headSeq > 0 || seqOf(event.revision) === 1) continue;
    try {
      await learner.learn(chat, event, endAt);
      store.touch(chat);
    } catch (error) {
      await parkUnreadable(context, error);
    }
  }
}

async function parkUnreadable({ parked, progress }: Context, error: unknown): Promise<void> {
  if (!(error instanceof Unreadable)) throw error;
  await parked.park(error.event, { error: error.cause, at: progress.committed });
}
