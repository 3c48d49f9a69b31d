import type { KafkaMessage } from 'kafkajs';
import type { Link } from '../../events/backplane.ts';
import type { KafkaLogger } from './connection.ts';
import { BadRecord, fromMessage } from './record.ts';

/** At most so many links in one take. */
const TAKE_LINKS_MAX = 1_000;
/** More than this, and the partition is no longer fetched until half of it is gone. */
export const LANE_LINKS_MAX = 4_000;
export const LANE_BYTES_MAX = 4_194_304;
/** What a link takes beside its record's value, near enough for a limit. */
const LINK_BYTES = 200;

export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly logger: KafkaLogger;
}

export interface Portion {
  readonly links: readonly Link[];
  /** The offset after the last of them. */
  readonly next: string;
}

/** Links that were fetched and wait to be taken. */
export interface LaneBuffer {
  add(messages: readonly KafkaMessage[]): void;
  /** The oldest that wait; null where none do. */
  portion(): Portion | null;
  /** The offset after the last record added; null where there was none. */
  next(): string | null;
  full(): boolean;
  /** It was full, and half of it is gone: true once for each time. */
  hasRoomAgain(): boolean;
}

export function createLaneBuffer(place: Place): LaneBuffer {
  const links: Link[] = [];
  /** Of each link the offset after it, and what it takes; records that are no links are in none. */
  const places: { offset: string; bytes: number }[] = [];
  let bytes = 0;
  let next: string | null = null;
  let wasFull = false;
  const full = (): boolean => links.length >= LANE_LINKS_MAX || bytes >= LANE_BYTES_MAX;

  return {
    add(messages) {
      for (const message of messages) {
        next = String(BigInt(message.offset) + 1n);
        const link = linkOf(message, place);
        if (!link) continue;
        links.push(link);
        const taking = LINK_BYTES + (message.value?.length ?? 0);
        places.push({ offset: next, bytes: taking });
        bytes += taking;
      }
      wasFull ||= full();
    },
    portion() {
      const taken = links.splice(0, TAKE_LINKS_MAX);
      const left = places.splice(0, taken.length);
      for (const place of left) bytes -= place.bytes;
      const last = left.at(-1);
      return last === undefined ? null : { links: taken, next: last.offset };
    },
    next: () => next,
    full,
    hasRoomAgain() {
      if (!wasFull || links.length > LANE_LINKS_MAX / 2 || bytes > LANE_BYTES_MAX / 2) return false;
      wasFull = false;
      return true;
    },
  };
}

/** Null where the record is no link, which is left out: the next one says whether its reader misses anything, and the log has it. */
export function linkOf(message: KafkaMessage, { topic, partition, logger }: Place): Link | null {
  try {
    return fromMessage(message);
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error;
    logger.warn({ topic, partition, offset: message.offset, error: error.message }, 'kafka: a record is no link');
    return null;
  }
}
