import type { KafkaMessage } from 'kafkajs';
import type { Link } from '../../events/backplane.ts';
import type { KafkaLogger } from './connection.ts';
import { BadRecord, fromMessage } from './record.ts';

/** At most so many links in one take. */
const TAKE_LINKS_MAX = 1_000;
/** More than this, and the partition is no longer fetched until half of it is gone. */
export const LANE_LINKS_MAX = 4_000;
export const LANE_BYTES_MAX = 4_194_304;
/** What a link takes beside the texts of its event, near enough for a limit. */
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
  /** The offset after each link; records that are no links are in none. */
  const offsets: string[] = [];
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
        offsets.push(next);
        bytes += bytesOf(link);
      }
      wasFull ||= full();
    },
    portion() {
      const taken = links.splice(0, TAKE_LINKS_MAX);
      const after = offsets.splice(0, taken.length).at(-1);
      for (const link of taken) bytes -= bytesOf(link);
      return after === undefined ? null : { links: taken, next: after };
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

const bytesOf = ({ event }: Link): number => LINK_BYTES + (event ? event.data.length + event.metadata.length : 0);
