import { setTimeout as delay } from 'node:timers/promises';
import type { ChatEvent } from '../../../events/chat.ts';
import { decode, decodeChatEvent, MalformedEvent } from '../../../events/codec.ts';
import { isTemporary, type LogPosition, type RecordedEvent } from '../../../events/event-store.ts';
import { chatOf, receiptsOf, seqOf } from '../../../events/streams.ts';
import type { LiveBatch } from '../../live-feed.ts';
import { FEED_RETRY_MS } from '../limits.ts';
import { applyComing, type Beginning } from './comings.ts';
import type { HubContext, Watches } from './context.ts';
import type { Directory } from './directory.ts';
import { LiveEvent } from './live-event.ts';
import { startOver } from './missed.ts';
import { pushReceipt } from './receipts.ts';
import type { Flow, Room } from './room.ts';

export interface FeedContext extends HubContext {
  readonly directory: Directory;
  readonly watches: Watches;
}

export interface Feed {
  position(): LogPosition;
  told(): LogPosition;
  reached(position: LogPosition, withinMs: number): Promise<boolean>;
  close(): Promise<void>;
}

interface Waiter {
  readonly position: LogPosition;
  readonly resolve: (reached: boolean) => void;
}

/**
 * Follows the feed from a position on. A store that fails is asked again; flows know by their seq what they have. What does
 * not pass is fatal.
 */
export function startFeed(context: FeedContext, after: LogPosition): Feed {
  const stop = new AbortController();
  const waiters = new Set<Waiter>();
  let position = after;
  let told = after;
  const take = (batch: LiveBatch): void => {
    if (batch.missed) startOver(context);
    applyBatch(context, batch);
    position = Math.max(position, batch.position);
    told = Math.max(told, position);
    for (const event of batch.events) if (event.position > told) told = event.position;
    for (const waiter of waiters) if (waiter.position <= position) waiter.resolve(true);
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        for await (const batch of context.feed.subscribe({ after: position, signal: stop.signal })) take(batch);
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!isTemporary(error)) throw error;
        context.counters.feedFailures += 1;
        context.logger.error({ err: error }, 'the live feed failed; it is tried again');
        await delay(FEED_RETRY_MS, undefined, { signal: stop.signal }).catch(() => undefined); // aborted: the loop ends
      }
    }
  };
  const running = run().catch(context.onFatal);
  return {
    position: () => position,
    told: () => told,
    reached: (wanted, withinMs) => (wanted <= position ? Promise.resolve(true) : wait(waiters, wanted, withinMs)),
    close: async () => {
      stop.abort();
      for (const waiter of waiters) waiter.resolve(false);
      await running;
    },
  };
}

function wait(waiters: Set<Waiter>, position: LogPosition, withinMs: number): Promise<boolean> {
  return new Promise((done) => {
    const timer = setTimeout(() => waiter.resolve(false), withinMs);
    const waiter: Waiter = {
      position,
      resolve: (reached) => {
        clearTimeout(timer);
        waiters.delete(waiter);
        done(reached);
      },
    };
    waiters.add(waiter);
  });
}

function applyBatch(context: FeedContext, batch: LiveBatch): void {
  for (const recorded of batch.events) {
    try {
      applyEvent(context, recorded);
    } catch (error) {
      if (!(error instanceof MalformedEvent)) throw error;
      // Who is connected notices the gap with the chat's next event and reads it from the views.
      context.counters.eventsMalformed += 1;
      context.logger.error({ stream: recorded.stream, revision: recorded.revision }, error.message);
    }
  }
  context.flusher.flush();
}

function applyEvent(context: FeedContext, recorded: RecordedEvent): void {
  context.counters.eventsFed += 1;
  const chatId = chatOf(recorded.stream);
  if (chatId === null) {
    const receipts = receiptsOf(recorded.stream);
    const room = receipts && context.directory.rooms.get(receipts.chatId);
    if (!receipts || !room) return;
    const { known, data } = decode(recorded);
    if (known) pushReceipt(context, room, { ...receipts, ...(data as object) });
    return;
  }
  const { type } = recorded;
  const moves = type === 'ChatStarted' || type === 'MemberAdded' || type === 'MemberRemoved';
  let room = context.directory.rooms.get(chatId);
  if (!room && !moves) return; // nobody connected is in that chat
  if (room) room.headSeq = Math.max(room.headSeq, seqOf(recorded.revision));
  const live = new LiveEvent(decodeChatEvent(recorded, context.feed.epoch));
  if (moves) comings(context, live.event);
  if (moves) context.follower?.moved(live.event);
  room ??= context.directory.rooms.get(chatId);
  if (room) fanOut(context, room, { live, recordedAt: recorded.recordedAt });
  if (moves) leavings(context, live.event);
}

/** Before the event is pushed: who comes by it gets it. */
function comings(context: FeedContext, event: ChatEvent): void {
  const { chatId, seq } = event;
  const room = context.directory.rooms.get(chatId);
  if (event.type === 'ChatStarted') {
    const { members, historyVisibility, pastContent } = event.data;
    const beginning: Beginning = { rule: { historyVisibility, pastContent }, memberCount: members.length };
    for (const { userId } of members) arrive({ context, beginning }, { chatId, userId, seq });
  } else if (event.type === 'MemberAdded') {
    if (room) recount(room, seq, 1);
    arrive({ context }, { chatId, userId: event.data.userId, seq });
  }
}

function arrive(
  { context, beginning }: { context: FeedContext; beginning?: Beginning },
  coming: { chatId: string; userId: string; seq: number },
): void {
  const user = context.directory.users.get(coming.userId);
  if (!user) return;
  const options = { directory: context.directory, live: true, ...(beginning && { beginning }) };
  applyComing(options, user, { ...coming, joined: true });
}

/** After the event was pushed: for who is removed by it, it was the last one. */
function leavings(context: FeedContext, event: ChatEvent): void {
  if (event.type !== 'MemberRemoved') return;
  const { chatId, seq } = event;
  const { userId } = event.data;
  const room = context.directory.rooms.get(chatId);
  if (room) recount(room, seq, -1);
  const user = context.directory.users.get(userId);
  if ((user?.memberships.get(chatId)?.since ?? 0) > seq) return; // told late: the user has come again since
  if (user) applyComing({ directory: context.directory }, user, { chatId, userId, seq, joined: false });
  for (const watch of context.watches.get(chatId) ?? []) if (watch.userId === userId) watch.removed();
}

/** The views that the count came from may have been ahead of the feed. */
function recount({ counted }: Room, seq: number, by: number): void {
  if (!counted || seq <= counted.seq) return;
  counted.members += by;
  counted.seq = seq;
}

/** The hot path: one encoding, and per receiver a comparison and two pushes onto arrays. */
function fanOut(context: FeedContext, room: Room, { live, recordedAt }: { live: LiveEvent; recordedAt: number }): void {
  const { seq } = live.event;
  const whole = room.rule?.historyVisibility === 'all' ? live.full() : null;
  let receivers = 0;
  let gapped: Flow[] | null = null;
  for (const flow of room.flows) {
    if (flow.phase !== 'live' || flow.sentSeq >= seq) continue;
    if (flow.sentSeq + 1 !== seq) {
      gapped ??= [];
      gapped.push(flow);
      continue;
    }
    flow.sentSeq = seq;
    const frame = whole ?? (flow.membership.sight && live.for(flow.membership.sight));
    if (frame === null) continue;
    flow.receiver.outbox.push(frame, flow);
    receivers += 1;
  }
  const { counters } = context;
  // Not while the flows are walked: it writes, and a socket that cannot take more closes and leaves its place to another.
  for (const flow of gapped ?? []) {
    counters.heals += 1;
    flow.phase = 'backlog';
    flow.receiver.catchUp(flow);
  }
  if (receivers === 0) return;
  counters.pushes += receivers;
  counters.onPush(Math.max(0, context.clock() - recordedAt));
}
