import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { Link, Placed } from '../../events/backplane.ts';
import { traceparentOf } from '../../events/envelope.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';

/**
 * A link as a record (docs/backplane.md). Whoever routes reads headers only; the value is the event's own JSON texts,
 * as they stand in the log, put into one object. The numbers share one header, as headers are what a record costs in
 * kafkajs: nine of them make writing 4 times and reading 7 times as dear as none, five 2.5 and 4 times.
 */
const BEFORE_DATA = '{"data":';
const BEFORE_METADATA = ',"metadata":';
const AFTER_METADATA = '}';
/** What a record takes beside key and value, at most, trace context apart. */
const OVERHEAD_BYTES = 400;

export interface SizedMessage {
  readonly message: Message;
  readonly bytes: number;
}

export function toMessage({ partition, link }: Placed): SizedMessage {
  const { source, after, position, event } = link;
  if (!event) {
    const message = { partition, key: null, value: null, headers: { link: `${source} ${after} ${position}` } };
    return { message, bytes: OVERHEAD_BYTES };
  }
  const { data, metadata } = event;
  const dataBytes = Buffer.byteLength(data);
  const numbers = `${source} ${after} ${position} ${event.revision} ${event.recordedAt} ${dataBytes}`;
  return {
    message: {
      partition,
      key: partitionKeyOf(event.stream),
      value: BEFORE_DATA + data + BEFORE_METADATA + metadata + AFTER_METADATA,
      headers: { id: event.eventId, type: event.type, stream: event.stream, link: numbers, ...traces(metadata) },
    },
    bytes: OVERHEAD_BYTES + 2 * event.stream.length + dataBytes + Buffer.byteLength(metadata),
  };
}

/** Found without reading all of the metadata: ids are made here, and hold no escapes. */
const IDS = (['correlationId', 'causationId'] as const).map(
  (name) => [name, `"${name}"`, new RegExp(`"${name}"\\s*:\\s*"(\\w{1,64})"`)] as const,
);

function traces(metadata: string): IHeaders {
  const found: IHeaders = {};
  for (const [name, quoted, pattern] of IDS) {
    const id = metadata.includes(quoted) ? pattern.exec(metadata)?.[1] : undefined;
    if (id !== undefined) found[name] = id;
  }
  const traceparent = traceparentOf(metadata);
  if (traceparent !== undefined) found['traceparent'] = traceparent;
  return found;
}

/** A record that is no link. Readers leave it out: the next link says whether they miss anything. */
export class BadRecord extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'BadRecord';
  }
}

export function fromMessage({ value, headers = {} }: Pick<KafkaMessage, 'value' | 'headers'>): Link {
  const numbers = text(headers, 'link').split(' ').map(Number);
  const [source, after, position, revision, recordedAt, dataBytes] = numbers;
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0))
    throw new BadRecord('link is no numbers');
  if (source === undefined || after === undefined || position === undefined) throw new BadRecord('link is too short');
  if (value === null) return { source, after, position, event: null };
  if (revision === undefined || recordedAt === undefined || dataBytes === undefined) {
    throw new BadRecord('link is too short for an event');
  }
  const event: RecordedEvent = {
    eventId: text(headers, 'id'),
    type: text(headers, 'type'),
    stream: text(headers, 'stream'),
    revision,
    position,
    recordedAt,
    ...texts(value, dataBytes),
  };
  return { source, after, position, event };
}

function texts(value: Buffer, dataBytes: number): { data: string; metadata: string } {
  const dataEnd = BEFORE_DATA.length + dataBytes;
  const metadataStart = dataEnd + BEFORE_METADATA.length;
  const whole =
    value.toString('latin1', 0, BEFORE_DATA.length) === BEFORE_DATA &&
    value.toString('latin1', dataEnd, metadataStart) === BEFORE_METADATA &&
    value.toString('latin1', value.length - 1) === AFTER_METADATA;
  if (!whole) throw new BadRecord('the value is not `{"data":…,"metadata":…}` of the length that is said');
  return {
    data: value.toString('utf8', BEFORE_DATA.length, dataEnd),
    metadata: value.toString('utf8', metadataStart, value.length - 1),
  };
}

function text(headers: IHeaders, name: string): string {
  const value = headers[name];
  if (Buffer.isBuffer(value)) return value.toString();
  throw new BadRecord(`there is no header ${name}`);
}
