import { hash } from 'node:crypto';
import type { RecordedEvent } from '../../../events/event-store.ts';

/**
 * A segment of a backup is text, a line for each event: `<SHA-256> <event>`. The SHA-256, 64 hexadecimal digits, is that
 * of the line itself (without its end) with the hash of the line before in its place; before the first line of all
 * stands the hash of the log's epoch. So each hash covers its event, all of it, and every event before.
 * The event is a JSON array: position, stream, revision, id, type, time recorded in milliseconds, data and metadata,
 * these two as the texts they are in the log.
 */
export const HASH_CHARS = 64;
const EVENT_AT = HASH_CHARS + 1;
const NEWLINE = 10;
const SPACE = 32;
/** A character of a JavaScript string takes at most so many bytes. */
const CHAR_BYTES_MAX = 3;
const BUFFER_BYTES = 1_048_576;

/** What the first event of a log is linked to. */
export const firstLink = (epoch: string): string => hash('sha256', epoch);

export const eventText = (event: RecordedEvent): string =>
  JSON.stringify([
    event.position,
    event.stream,
    event.revision,
    event.eventId,
    event.type,
    event.recordedAt,
    event.data,
    event.metadata,
  ]);

export interface ChainWriter {
  /** The hash of the last line. */
  readonly link: string;
  add(event: RecordedEvent): void;
  /** The lines since the last time, valid until the next `add`. */
  take(): Uint8Array;
}

/** Writes and hashes lines where they stand, in one buffer that is used again. */
export function createChainWriter(before: string): ChainWriter {
  let link = before;
  let buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let length = 0;
  const makeRoom = (bytes: number): void => {
    if (length + bytes <= buffer.length) return;
    buffer = Buffer.concat([buffer.subarray(0, length)], Math.max(2 * buffer.length, length + bytes));
  };
  return {
    get link() {
      return link;
    },
    add(event) {
      const text = eventText(event);
      makeRoom(EVENT_AT + CHAR_BYTES_MAX * text.length + 1);
      const start = length;
      buffer.write(link, start, 'latin1');
      buffer[start + HASH_CHARS] = SPACE;
      length = start + EVENT_AT + buffer.write(text, start + EVENT_AT, 'utf8');
      link = hash('sha256', buffer.subarray(start, length));
      buffer.write(link, start, 'latin1');
      buffer[length++] = NEWLINE;
    },
    take() {
      const lines = buffer.subarray(0, length);
      length = 0;
      return lines;
    },
  };
}

/** A line as it stands in a segment. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly start: number;
  /** Where its end stands. */
  readonly end: number;
}

/** What ends without a line end is a line too: what is checked misses no byte. */
export function* linesOf(segment: Buffer): Generator<Line> {
  for (let start = 0, number = 1; start < segment.length; number++) {
    const found = segment.indexOf(NEWLINE, start);
    const end = found < 0 ? segment.length : found;
    yield { number, start, end };
    start = end + 1;
  }
}

/** The hash that a line says it has. */
export const claimedHash = (segment: Buffer, { start }: Line): string =>
  segment.toString('latin1', start, Math.min(segment.length, start + HASH_CHARS));

/** The hash that a line has behind another; null where it is no line at all. The segment is as before afterwards. */
export function hashBehind(segment: Buffer, { start, end }: Line, link: string): string | null {
  if (end - start <= EVENT_AT || end === segment.length || segment[start + HASH_CHARS] !== SPACE) return null;
  const claimed = segment.toString('latin1', start, start + HASH_CHARS);
  segment.write(link, start, 'latin1');
  const found = hash('sha256', segment.subarray(start, end));
  segment.write(claimed, start, 'latin1');
  return found;
}

/** The event of a line; null where it is none. */
export function eventOf(segment: Buffer, { start, end }: Line): RecordedEvent | null {
  const value = parse(segment.toString('utf8', start + EVENT_AT, end));
  if (!isEventTuple(value)) return null;
  const [position, stream, revision, eventId, type, recordedAt, data, metadata] = value;
  return { position, stream, revision, eventId, type, recordedAt, data, metadata };
}

type EventTuple = [number, string, number, string, string, number, string, string];
const TUPLE = ['number', 'string', 'number', 'string', 'string', 'number', 'string', 'string'];

const isEventTuple = (value: unknown): value is EventTuple =>
  Array.isArray(value) && value.length === TUPLE.length && value.every((part, i) => typeof part === TUPLE[i]);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the caller says where
  }
}
