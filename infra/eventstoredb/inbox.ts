import type { Batch, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { fromWire, isVisible, positionOf, streamOf, type WireEvent } from './events.ts';

/** What a subscription brought and nobody has taken yet. */
export interface Inbox {
  /** True where the sender is to wait: as much is here as may be. */
  add(event: WireEvent): boolean;
  /** The server has nothing older to send. */
  caughtUp(): void;
  take(): Batch | null;
  /** Room again for a sender that waits. */
  hasRoom(): boolean;
  /** Everything up to here has come. */
  reached(): LogPosition;
  /** A new call begins behind what was taken; what is here will come again. */
  restart(): LogPosition;
}

const BATCH_EVENTS_MAX = 1_000;
const INBOX_EVENTS_MAX = 4_000;
const INBOX_BYTES_MAX = 16 * 1_048_576;

/**
 * Bounded, in order and without repeats: whatever does not come behind what is here is dropped. The adapter's own
 * events are not handed out, but they say how far the log has been read: a better sign than the server's checkpoints,
 * which were known to run ahead of events still to come.
 */
export function createInbox(after: LogPosition): Inbox {
  let events: RecordedEvent[] = [];
  let bytes = 0;
  let reached = after;
  let taken = after;
  /** So many at the front came before the server had caught up, or while the consumer could not follow. */
  let backlog = 0;
  let live = false;

  const full = (): boolean => events.length >= INBOX_EVENTS_MAX || bytes >= INBOX_BYTES_MAX;
  const sizeOf = (event: RecordedEvent): number => event.data.length + event.metadata.length;

  return {
    add(wire) {
      const position = positionOf(wire);
      if (position <= reached) return full();
      if (isVisible(streamOf(wire))) {
        const event = fromWire(wire);
        events.push(event);
        bytes += sizeOf(event);
        if (!live || full()) backlog = events.length;
      }
      reached = position;
      return full();
    },
    caughtUp() {
      live = true;
    },
    take() {
      if (events.length === 0) {
        // While more is on its way, the next batch says it too.
        if (!live || reached === taken) return null;
        taken = reached;
        return { events: [], position: taken, live };
      }
      const isLive = backlog === 0;
      const count = Math.min(BATCH_EVENTS_MAX, isLive ? events.length : backlog);
      const batch = events.slice(0, count);
      events = events.slice(count);
      backlog = Math.max(0, backlog - count);
      bytes -= batch.reduce((sum, event) => sum + sizeOf(event), 0);
      taken = events.length === 0 ? reached : (batch.at(-1)?.position ?? taken);
      return { events: batch, position: taken, live: isLive };
    },
    hasRoom: () => events.length < INBOX_EVENTS_MAX / 2 && bytes < INBOX_BYTES_MAX / 2,
    reached: () => reached,
    restart() {
      events = [];
      bytes = 0;
      backlog = 0;
      live = false;
      reached = taken;
      return taken;
    },
  };
}
