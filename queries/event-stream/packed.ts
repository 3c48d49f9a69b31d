import {
  type EventLog,
  FIELD_END,
  type PackedPage,
  type PackedPages,
  type RecordedEvent,
} from '../../events/event-store.ts';

const FIELD = String.fromCharCode(FIELD_END);

export const packs = (log: EventLog): log is EventLog & PackedPages => 'readPacked' in log;

/** Events that came one by one, as a page that was packed by the store. */
export function pack(events: readonly RecordedEvent[]): PackedPage {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  let text = '';
  for (const { stream, position, revision, eventId, recordedAt, type, metadata, data } of events) {
    let number = numbers.get(stream);
    if (number === undefined) {
      number = names.push(stream) - 1;
      numbers.set(stream, number);
    }
    const lengths = `${Buffer.byteLength(metadata)}${FIELD}${Buffer.byteLength(data)}`;
    const id = eventId.replaceAll('-', '');
    text += [position, number, revision, recordedAt, lengths, type, id + metadata + data].join(FIELD);
  }
  return {
    bytes: new Uint8Array(Buffer.from(text)),
    looked: events.length,
    position: events.at(-1)?.position ?? null,
    nameOf: (number) => names[number] ?? '',
  };
}

/** Where the fields of one packed event begin. */
export interface PackedRow {
  position: number;
  stream: number;
  revision: number;
  recordedAt: number;
  type: number;
  /** The type ends one before it. */
  id: number;
  metadata: number;
  data: number;
  /** Where the next event begins. */
  end: number;
}

export const newRow = (): PackedRow => ({
  position: 0,
  stream: 0,
  revision: 0,
  recordedAt: 0,
  type: 0,
  id: 0,
  metadata: 0,
  data: 0,
  end: 0,
});

export const ID_DIGITS = 32;

/** Reads where the fields of the event at `start` lie, into a row that is used again. */
export function readRow(bytes: Uint8Array, start: number, row: PackedRow): void {
  cursor = start;
  row.position = number(bytes);
  row.stream = number(bytes);
  row.revision = number(bytes);
  row.recordedAt = number(bytes);
  const metadataBytes = number(bytes);
  const dataBytes = number(bytes);
  row.type = cursor;
  while (bytes[cursor++] !== FIELD_END) if (cursor > bytes.length) throw broken();
  row.id = cursor;
  row.metadata = row.id + ID_DIGITS;
  row.data = row.metadata + metadataBytes;
  row.end = row.data + dataBytes;
  if (row.end > bytes.length) throw broken();
}

let cursor = 0;

function number(bytes: Uint8Array): number {
  let value = 0;
  for (;;) {
    const byte = bytes[cursor++];
    if (byte === FIELD_END) return value;
    if (byte === undefined) throw broken();
    value = value * 10 + byte - ZERO;
  }
}
const ZERO = 0x30;

const broken = (): Error => new Error('a packed page of the log ends in the middle of an event');

/** The event of a row, its texts read. */
export function unpackRow(bytes: Uint8Array, row: PackedRow, stream: string): RecordedEvent {
  const text = (from: number, to: number) => Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
  const id = text(row.id, row.metadata).toLowerCase();
  return {
    eventId: `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`,
    type: text(row.type, row.id - 1),
    metadata: text(row.metadata, row.data),
    data: text(row.data, row.end),
    stream,
    revision: row.revision,
    position: row.position,
    recordedAt: row.recordedAt,
  };
}

export function digits(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + ((bytes[i] as number) - 0x30);
  return value;
}
