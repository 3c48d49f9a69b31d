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
  const pageEvents = source.pageEvents ?? PAGE_EVENTS;
  let tail = 0;
  let seenVersion = -1;
  /** A head that was seen but left to `committed`. */
  let sighted = 0;
  let ended: { error?: Error } | null = null;
  let timer: NodeJS.Timeout | undefined;

  function advance(position: LogPosition): void {
    if (position <= tail) return;
    tail = position;
    for (const follower of followers) follower.wake();
  }

  function look(): void {
    if (ended) return;
    const version = source.version?.() ?? -1;
    if (version === seenVersion && version !== -1 && sighted <= tail) return;
    seenVersion = version;
    const head = source.head();
    if (head <= tail) return;
    // Most likely an own commit whose events are about to come from memory: it gets one turn to do so.
    if (source.committing?.() && sighted <= tail) sighted = head;
    else advance(head);
  }

  function poll(): void {
    try {
      look();
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  function follow(follower: Follower): void {
    followers.add(follower);
    if (source.version && !timer) timer = setInterval(poll, POLL_MS).unref();
  }

  function unfollow(follower: Follower): void {
    followers.delete(follower);
    if (followers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  function end(error?: Error): void {
    if (ended) return;
    ended = error ? { error } : {};
    clearInterval(timer);
    for (const follower of followers) follower.wake();
  }

  async function* subscribe({ after, signal }: { after: LogPosition; signal: AbortSignal }): AsyncGenerator<Batch> {
    const follower: Follower = { queue: [], queuedEvents: 0, queuedTo: after, wake: () => undefined };
    const onAbort = () => follower.wake();
    signal.addEventListener('abort', onAbort);
    follow(follower);
    let position = after;
    let live = false;
    try {
      advance(source.head());
      while (!signal.aborted) {
        if (ended?.error) throw ended.error;
        if (ended) return;
        const queued = follower.queue.shift();
        if (queued) {
          follower.queuedEvents -= queued.events.length;
          position = queued.position;
          live = true;
          yield queued;
          continue;
        }
        if (position >= tail) {
          live = true;
          await new Promise<void>((resolve) => {
            follower.wake = resolve;
          });
          continue;
        }
        const until = tail;
        const events = source.read(position, until, pageEvents);
        position = events.length < pageEvents ? until : (events.at(-1)?.position ?? until);
        follower.queuedTo = position;
        live &&= position === until;
        if (events.length > 0) yield { events, position, live };
        // A log read page after page must not keep everything else of this thread waiting.
        await nextTurn();
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      unfollow(follower);
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

function offer(follower: Follower, first: LogPosition, batch: Batch): void {
  const room = follower.queuedEvents === 0 || follower.queuedEvents + batch.events.length <= QUEUE_EVENTS_MAX;
  if (follower.queuedTo !== first - 1 || !room || batch.events.length === 0) return;
  follower.queue.push(batch);
  follower.queuedEvents += batch.events.length;
  follower.queuedTo = batch.position;
  follower.wake();
}
