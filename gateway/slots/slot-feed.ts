import type { Link, TopicTail } from '../../events/backplane.ts';
import { type LogPosition, type RecordedEvent, START } from '../../events/event-store.ts';
import type { LiveBatch, LiveFeed } from '../live-feed.ts';
import { createSlotState, openAt, type SlotState, startAnew, takeLink } from './slot-state.ts';
import { createToldOnce } from './told-once.ts';

export interface SlotFeedOptions {
  readonly epoch: string;
  /** Of the deliveries: a partition is a slot. The feed runs and closes it. */
  readonly tail: TopicTail;
  /** How many chains each slot has: the partitions of the topic of events. */
  readonly sources: number;
}

/** Events for the users of the slots that this gateway follows. */
export interface SlotFeed extends LiveFeed {
  /** Replaces what is followed. Resolves when it is being read; what is new opens a little later. */
  follow(slots: readonly number[]): Promise<void>;
  /** Whether the slot's users are told everything after `position`, given views that hold what was told. */
  open(slot: number): boolean;
  /** Returns the unsubscription. */
  onOpen(listener: () => void): () => void;
  /** How often something was missed since the start. */
  misses(): number;
  close(): Promise<void>;
}

/** What may wait for a consumer that is slower than the deliveries. Beyond it all is dropped, and said to be missed. */
export const FEED_QUEUE_EVENTS_MAX = 20_000;
export const FEED_QUEUE_UNITS_MAX = 33_554_432;

interface Queue {
  events: RecordedEvent[];
  /** UTF-16 units of the events' data. */
  units: number;
  missed: boolean;
}

interface Follower {
  /** What it was told last. */
  position: LogPosition;
  wake: () => void;
}

interface State {
  readonly slots: Map<number, SlotState>;
  readonly opened: Set<() => void>;
  queue: Queue;
  position: LogPosition;
  misses: number;
  follower: Follower | null;
  scheduled: boolean;
  ended: { error: Error | null } | null;
}

/** One consumer at a time: what it has not taken yet waits in memory, and no more than that. */
export function createSlotFeed({ epoch, tail, sources }: SlotFeedOptions): SlotFeed {
  const state: State = {
    slots: new Map(),
    opened: new Set(),
    queue: emptyQueue(),
    position: START,
    misses: 0,
    follower: null,
    scheduled: false,
    ended: null,
  };
  const isNew = createToldOnce();
  const end = (error: Error | null): void => {
    state.ended ??= { error };
    state.follower?.wake();
  };
  const running = tail
    .run((slot, links) => take(state, { slot, links, isNew }))
    .then(
      () => end(null),
      (error: unknown) => end(new Error('the deliveries cannot be followed any more', { cause: error })),
    );
  return {
    epoch,
    head: async () => state.position,
    subscribe: (options) => subscribe(state, options),
    async follow(wanted) {
      const kept = new Set(wanted);
      for (const slot of state.slots.keys()) if (!kept.has(slot)) state.slots.delete(slot);
      for (const slot of kept) if (!state.slots.has(slot)) state.slots.set(slot, createSlotState(sources));
      await tail.follow([...kept]);
    },
    open: (slot) => state.slots.get(slot)?.open === true,
    onOpen(listener) {
      state.opened.add(listener);
      return () => state.opened.delete(listener);
    },
    misses: () => state.misses,
    async close() {
      end(null);
      await tail.close();
      await running;
    },
  };
}

const emptyQueue = (): Queue => ({ events: [], units: 0, missed: false });

function take(
  state: State,
  { slot, links, isNew }: { slot: number; links: readonly Link[]; isNew: (event: RecordedEvent) => boolean },
): void {
  const held = state.slots.get(slot);
  if (!held) return; // followed no longer
  for (const link of links) {
    const verdict = takeLink(held, link);
    if (verdict === 'known') continue;
    if (verdict === 'missed') miss(state);
    if (link.event && isNew(link.event)) enqueue(state, link.event);
  }
  if (state.scheduled) return;
  state.scheduled = true;
  setImmediate(settle, state); // what comes in one turn is told in one batch
}

function miss(state: State): void {
  state.misses += 1;
  state.queue.missed = true;
}

function enqueue(state: State, event: RecordedEvent): void {
  if (!state.follower) return; // nobody is connected yet
  const { queue } = state;
  queue.events.push(event);
  queue.units += event.data.length;
  if (queue.events.length <= FEED_QUEUE_EVENTS_MAX && queue.units <= FEED_QUEUE_UNITS_MAX) return;
  state.queue = emptyQueue();
  miss(state);
  for (const slot of state.slots.values()) startAnew(slot);
}

function settle(state: State): void {
  state.scheduled = false;
  const before = state.position;
  advance(state);
  let opened = false;
  for (const slot of state.slots.values()) if (openAt(slot, state.position)) opened = true;
  const { events, missed } = state.queue;
  if (events.length > 0 || missed || state.position > before) state.follower?.wake();
  if (opened) for (const listener of state.opened) listener();
}

/**
 * As far as every slot has come, those that are about to open too: they would else never catch up with a busy one.
 * Never falls, also where a slot is taken on that is not as far.
 */
function advance(state: State): void {
  let least = Number.POSITIVE_INFINITY;
  for (const slot of state.slots.values()) if (slot.least >= 0 && slot.least < least) least = slot.least;
  if (least < Number.POSITIVE_INFINITY && least > state.position) state.position = least;
}

async function* subscribe(
  state: State,
  { after, signal }: { after: LogPosition; signal: AbortSignal },
): AsyncGenerator<LiveBatch> {
  if (state.follower) throw new Error('a slot feed has one consumer');
  const follower: Follower = { position: after, wake: () => undefined };
  state.follower = follower;
  const onAbort = (): void => follower.wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (state.ended?.error) throw state.ended.error;
      if (state.ended) return;
      const batch = nextBatch(state, follower);
      if (batch) yield batch;
      else
        await new Promise<void>((resolve) => {
          follower.wake = resolve;
        });
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    state.follower = null;
    state.queue = emptyQueue();
  }
}

function nextBatch(state: State, follower: Follower): LiveBatch | null {
  const { events, missed } = state.queue;
  if (events.length === 0 && !missed && state.position <= follower.position) return null;
  state.queue = emptyQueue();
  follower.position = state.position;
  const { position } = state;
  return missed ? { events, position, live: true, missed } : { events, position, live: true };
}
