import type { KafkaMessage } from 'kafkajs';
import type { GroupMember, Link } from '../../events/backplane.ts';
import type { KafkaLogger } from './connection.ts';
import { withDeadline } from './deadline.ts';
import { KafkaError } from './errors.ts';
import { BadRecord, fromMessage } from './record.ts';

/** At most so many links in one take. */
const TAKE_LINKS_MAX = 1_000;
/** More than this in memory, and the partition is no longer fetched until half of it is done with. */
const LANE_LINKS_MAX = 4_000;
const LANE_BYTES_MAX = 4_194_304;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
/** A take that is longer than this never comes back: heartbeats go on beside it, and must not for ever. */
export const TAKE_DEADLINE_MS = 60_000;

/** One partition of one member: what was fetched waits here, and is taken one take at a time, at its own speed. */
export interface Lane {
  add(messages: readonly KafkaMessage[]): void;
  /** The offset after the last one added; null where nothing was. */
  readonly next: () => string | null;
  /** The offset after the last one that is done with; null where none is. */
  readonly done: () => string | null;
  readonly full: () => boolean;
  /** Begins no further take. Resolves when the one in flight has ended. */
  end(): Promise<void>;
}

export interface LaneOptions {
  topic: string;
  partition: number;
  take: GroupMember['take'];
  logger: KafkaLogger;
  takeDeadlineMs?: number;
  /** There is room again after it was full. */
  onRoom(): void;
  /** A take hangs: nothing may go on as if it had not been. */
  fail(error: Error): void;
}

interface Waiting {
  readonly links: Link[];
  bytes: number;
  /** The offset after each link: records that are no links are gone. */
  readonly offsets: string[];
}

export function createLane(options: LaneOptions): Lane {
  const { topic, partition, logger } = options;
  const waiting: Waiting = { links: [], bytes: 0, offsets: [] };
  let next: string | null = null;
  let done: string | null = null;
  let wasFull = false;
  let ending = false;
  let wake: () => void = () => undefined;
  let draining: Promise<void> | null = null;

  const full = (): boolean => waiting.links.length >= LANE_LINKS_MAX || waiting.bytes >= LANE_BYTES_MAX;

  async function drain(): Promise<void> {
    while (!ending && waiting.links.length > 0) {
      const links = waiting.links.splice(0, TAKE_LINKS_MAX);
      const [offset = null] = waiting.offsets.splice(0, links.length).slice(-1);
      waiting.bytes -= bytesOf(links);
      makeRoom();
      if (!(await takeUntilDone(links))) break;
      done = offset;
    }
    draining = null;
  }

  function makeRoom(): void {
    const half = waiting.links.length < LANE_LINKS_MAX / 2 && waiting.bytes < LANE_BYTES_MAX / 2;
    if (!wasFull || !half) return;
    wasFull = false;
    options.onRoom();
  }

  /** False where the lane ends before it could be done. */
  async function takeUntilDone(links: readonly Link[]): Promise<boolean> {
    for (let retryMs = RETRY_FIRST_MS; ; retryMs = Math.min(RETRY_MAX_MS, retryMs * 2)) {
      try {
        await inTime(options, links);
        return true;
      } catch (error) {
        if (error instanceof KafkaError && error.code === 'take-hangs') {
          options.fail(error);
          return false;
        }
        logger.warn({ topic, partition, error: String(error) }, 'kafka: a batch could not be taken, it comes again');
      }
      if (ending) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, retryMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (ending) return false;
    }
  }

  return {
    add(messages) {
      for (const message of messages) {
        const link = linkOf(message, options);
        next = String(BigInt(message.offset) + 1n);
        if (link === null) continue;
        waiting.links.push(link);
        waiting.offsets.push(next);
        waiting.bytes += bytesOf([link]);
      }
      wasFull ||= full();
      draining ??= drain();
    },
    next: () => next,
    done: () => done,
    full,
    async end() {
      ending = true;
      wake();
      await draining;
    },
  };
}

function inTime({ take, topic, partition, takeDeadlineMs = TAKE_DEADLINE_MS }: LaneOptions, links: readonly Link[]) {
  const late = (): Error =>
    new KafkaError('take-hangs', `${topic}, partition ${partition}: not taken within ${takeDeadlineMs} ms`);
  return withDeadline(
    Promise.resolve().then(() => take(partition, links)),
    takeDeadlineMs,
    late,
  );
}

export function linkOf(
  message: KafkaMessage,
  { topic, partition, logger }: Pick<LaneOptions, 'topic' | 'partition' | 'logger'>,
): Link | null {
  try {
    return fromMessage(message);
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error;
    // Left out: the next link says whether its reader misses anything, and the log has it.
    logger.warn({ topic, partition, offset: message.offset, error: error.message }, 'kafka: a record is no link');
    return null;
  }
}

/** Near enough for a limit. */
const LINK_BYTES = 200;
const bytesOf = (links: readonly Link[]): number =>
  links.reduce((sum, { event }) => sum + LINK_BYTES + (event ? event.data.length + event.metadata.length : 0), 0);
