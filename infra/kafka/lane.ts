import type { KafkaMessage } from 'kafkajs';
import type { GroupMember, Link } from '../../events/backplane.ts';
import { withDeadline } from '../system/deadline.ts';
import { KafkaError } from './errors.ts';
import { createLaneBuffer, type Place } from './lane-buffer.ts';

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
/** A take that is longer than this never comes back: heartbeats go on beside it, and must not for ever. */
export const TAKE_DEADLINE_MS = 60_000;

/** One partition of one member: what was fetched waits here, and is taken one take at a time, at its own speed. */
export interface Lane {
  add(messages: readonly KafkaMessage[]): void;
  /** The offset after the last one added; null where nothing was. */
  next(): string | null;
  /** The offset after the last one that is done with; null where none is. */
  done(): string | null;
  full(): boolean;
  /** Begins no further take. Resolves when the one in flight has ended. */
  end(): Promise<void>;
}

export interface LaneOptions extends Place {
  take: GroupMember['take'];
  takeDeadlineMs?: number;
  /** There is room again after it was full. */
  onRoom(): void;
  /** A take hangs: nothing may go on as if it had not been. */
  fail(error: Error): void;
}

export function createLane(options: LaneOptions): Lane {
  const buffer = createLaneBuffer(options);
  const nap = createNap();
  let done: string | null = null;
  let draining: Promise<void> | null = null;

  async function drain(): Promise<void> {
    while (!nap.over()) {
      const portion = buffer.portion();
      if (!portion) break;
      if (buffer.hasRoomAgain()) options.onRoom();
      if (!(await takeUntilDone(options, portion.links, nap))) break;
      done = portion.next;
    }
    draining = null;
  }

  return {
    add(messages) {
      buffer.add(messages);
      draining ??= drain();
    },
    next: buffer.next,
    done: () => done,
    full: buffer.full,
    async end() {
      nap.end();
      await draining;
    },
  };
}

/** False where the lane is over before it could be done. */
async function takeUntilDone(options: LaneOptions, links: readonly Link[], nap: Nap): Promise<boolean> {
  const { topic, partition, logger } = options;
  for (let retryMs = RETRY_FIRST_MS; !nap.over(); retryMs = Math.min(RETRY_MAX_MS, retryMs * 2)) {
    try {
      await takeInTime(options, links);
      return true;
    } catch (error) {
      if (error instanceof KafkaError && error.code === 'take-hangs') {
        options.fail(error);
        return false;
      }
      logger.warn({ topic, partition, error: String(error) }, 'kafka: a batch could not be taken, it comes again');
    }
    await nap.sleep(retryMs);
  }
  return false;
}

async function takeInTime(options: LaneOptions, links: readonly Link[]): Promise<void> {
  const { take, topic, partition, takeDeadlineMs = TAKE_DEADLINE_MS } = options;
  const late = (): Error =>
    new KafkaError('take-hangs', `${topic}, partition ${partition}: not taken within ${takeDeadlineMs} ms`);
  // In a turn of its own: whatever it throws at once is a rejection too.
  const taking = Promise.resolve().then(() => take(partition, links));
  await withDeadline(taking, takeDeadlineMs, late);
}

/** Sleep that ends with the lane. */
interface Nap {
  over(): boolean;
  sleep(ms: number): Promise<void>;
  end(): void;
}

function createNap(): Nap {
  let over = false;
  let wake: () => void = () => undefined;
  return {
    over: () => over,
    async sleep(ms) {
      if (over) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    end() {
      over = true;
      wake();
    },
  };
}
