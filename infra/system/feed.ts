import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, LogPosition, RecordedEvent } from '../../events/event-store.ts';

/** What a feed needs of the log behind it. */
export interface FeedSource {
  read(after: LogPosition, until: LogPosition, limit: number): RecordedEvent[];
  head(): LogPosition;
  /** A number that changes when the log did; absent where every commit is handed over by `committed`. */
  version?(): number;
  /** True while commits of this process are on their way to `committed`. */
  committing?(): boolean;
  pageEvents?: number;
}

export interface Feed {
  subscribe(options: { after: LogPosition; signal: AbortSignal }): AsyncIterable<Batch>;
  /** True while somebody follows live, so that `committed` is worth its events. */
  hasFollowers(): boolean;
  /** Own commits up to `position`; their events (all from `first` on), where somebody follows. */
  committed(first: LogPosition, position: LogPosition, events: RecordedEvent[]): void;
  /** Looks at once for commits of others. */
  look(): void;
  /** Ends every subscription; with an error they throw it. */
  end(error?: Error): void;
}

interface Follower {
  /** Batches that follow each other and what was delivered; bounded, whoever is slower reads pages again. */
  queue: Batch[];
  queuedEvents: number;
  queuedTo: LogPosition;
  wake: () => void;
}

/** Commits of other processes are noticed within this time. */
const POLL_MS = 25;
const PAGE_EVENTS = 1_000;
const QUEUE_EVENTS_MAX = 5_000;

/**
 * Follows a log: pages while a subscriber is behind, own commits from memory once it is not. Each subscriber takes a
 * batch from memory only where it continues exactly what it has; otherwise it reads on from the log by position, so
 * that neither a gap nor a repeat can come of any order of commits, polls and slow consumers.
 */
export function createFeed(source: FeedSource): Feed {
  const followers = new Set<Follower>();
  const state: FeedState = { tail: 0, seenVersion: -1, sighted: 0, ended: null };
  let timer: NodeJS.Timeout | undefined;

  function advance(position: LogPosition): void {
    if (position <= state.tail) return;
    state.tail = position;
    for (const follower of followers) follower.wake();
  }

  function look(): void {
    const head = state.ended ? null : newHead(source, state);
    if (head !== null) advance(head);
  }

  function end(error?: Error): void {
    if (state.ended) return;
    state.ended = { error };
    clearInterval(timer);
    for (const follower of followers) follower.wake();
  }

  function poll(): void {
    try {
      look();
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function* subscribe({ after, signal }: { after: LogPosition; signal: AbortSignal }): AsyncGenerator<Batch> {
    const follower: Follower = { queue: [], queuedEvents: 0, queuedTo: after, wake: () => undefined };
    const onAbort = (): void => follower.wake();
    signal.addEventListener('abort', onAbort);
    followers.add(follower);
    if (source.version && !state.ended) timer ??= setInterval(poll, POLL_MS).unref();
    try {
      if (!state.ended) advance(source.head());
      yield* follow({ source, state, follower, signal, after });
    } finally {
      signal.removeEventListener('abort', onAbort);
      followers.delete(follower);
      if (followers.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    }
  }

  return {
    subscribe,
    hasFollowers: () => followers.size > 0,
    committed(first, position, events) {
      const batch: Batch = { events, position, live: true };
      for (const follower of followers) offer(follower, first, batch);
      advance(position);
    },
    look,
    end,
  };
}

interface FeedState {
  /** Everything at or before this may be delivered. */
  tail: LogPosition;
  seenVersion: number;
  /** A head that was seen but left to `committed`. */
  sighted: LogPosition;
  ended: { error: Error | undefined } | null;
}

/** The log's head where others moved it, null where there is nothing to do. */
function newHead(source: FeedSource, state: FeedState): LogPosition | null {
  const version = source.version?.() ?? null;
  if (version === state.seenVersion && state.sighted <= state.tail) return null;
  if (version !== null) state.seenVersion = version;
  const head = source.head();
  if (head <= state.tail) return null;
  if (!source.committing?.() || state.sighted > state.tail) return head;
  // Most likely an own commit whose events are about to come from memory: it gets until the next look to do so.
  state.sighted = head;
  return null;
}

interface Following {
  source: FeedSource;
  state: FeedState;
  follower: Follower;
  signal: AbortSignal;
  after: LogPosition;
}

async function* follow({ source, state, follower, signal, after }: Following): AsyncGenerator<Batch> {
  const pageEvents = source.pageEvents ?? PAGE_EVENTS;
  let position = after;
  let live = false;
  while (!signal.aborted) {
    if (state.ended?.error) throw state.ended.error;
    if (state.ended) return;
    const queued = follower.queue.shift();
    if (queued) {
      follower.queuedEvents -= queued.events.length;
      position = queued.position;
      live = true;
      yield queued;
    } else if (position >= state.tail) {
      live = true;
      await new Promise<void>((resolve) => {
        follower.wake = resolve;
      });
    } else {
      const until = state.tail;
      const events = source.read(position, until, pageEvents);
      position = events.length < pageEvents ? until : (events.at(-1)?.position ?? until);
      follower.queuedTo = position;
      live &&= position === until;
      if (events.length > 0) yield { events, position, live };
      // A log read page after page must not keep everything else of this thread waiting.
      await nextTurn();
    }
  }
}

/** Takes a batch into memory for whoever has all that comes before it, and room. */
function offer(follower: Follower, first: LogPosition, batch: Batch): void {
  const room = follower.queuedEvents === 0 || follower.queuedEvents + batch.events.length <= QUEUE_EVENTS_MAX;
  if (follower.queuedTo !== first - 1 || !room || batch.events.length === 0) return;
  follower.queue.push(batch);
  follower.queuedEvents += batch.events.length;
  follower.queuedTo = batch.position;
  follower.wake();
}
