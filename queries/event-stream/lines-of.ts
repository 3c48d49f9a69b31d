import { CHAT_EVENT_TYPES, type ChatEvent } from '../../events/chat.ts';
import { readChatEvent, versionOf } from '../../events/codec.ts';
import { FIELD_END, type PackedPage } from '../../events/event-store.ts';
import { chatOf } from '../../events/streams.ts';
import { withoutWords } from '../visibility/index.ts';
import { ascii, copy, createTimes, ensureRoom, newOut, type Out, put, putNumber, putUuid, skip } from './bytes.ts';
import { type EventFilter, folded, says } from './filter.ts';
import { newRow, type PackedRow, readRow, unpackRow } from './packed.ts';
import { findMetadata, type MetadataPlaces, newPlaces, spliceData, ULID_LENGTH } from './splice.ts';

/** Events as NDJSON, each with what is needed to say where it stands. */
export interface EventLines {
  /** Line feeds included. */
  readonly bytes: Uint8Array;
  /** Where each line ends, behind its line feed. */
  readonly ends: readonly number[];
  readonly positions: readonly number[];
  /** Of each event, milliseconds since 1970. */
  readonly ats: readonly number[];
}

export interface LineOptions {
  readonly epoch: string;
  readonly filter: Pick<EventFilter, 'types' | 'actor' | 'from' | 'to' | 'text'>;
  /** False: the words are withheld, as `hidden`. */
  readonly content: boolean;
  /** False: a line does not say where in this log its event lies. */
  readonly positions?: boolean;
}

/** All that a line has besides the data, at most; names and words come on top. */
const FRAME_BYTES = 768;
/** Streams whose chats are remembered. */
const CHATS_MAX = 50_000;

const CHAT_ID = ascii('{"chatId":"');
const SEQ = ascii('","seq":');
const V = ascii(',"v":');
const ACTOR = ascii(',"actor":"');
const AT = ascii('","at":"');
const RECORDED_AT = ascii('","recordedAt":"');
const POSITION = ascii('","position":"');
const EVENT_ID = ascii('","eventId":"');
const COMMAND_ID = ascii('","commandId":"');
const CORRELATION_ID = ascii('","correlationId":"');
const CAUSATION_ID = ascii('","causationId":"');
const END = ascii('"}\n');

interface State {
  readonly options: LineOptions;
  readonly epoch: Uint8Array;
  readonly actor: Uint8Array | null;
  readonly needle: string | null;
  readonly row: PackedRow;
  readonly places: MetadataPlaces;
  /** By stream, as long as pages number their streams alike. */
  chats: Map<number, Chat | null>;
  nameOf: PackedPage['nameOf'] | null;
  readonly putAt: (out: Out, time: number) => void;
  readonly putRecordedAt: (out: Out, time: number) => void;
  /** Those that were met. */
  readonly types: KnownType[];
}

/** What a type is to this reader: asked for or not, and in which version its data may be passed on as it lies there. */
interface KnownType {
  /** Its name and what ends it, as they lie in a packed page; and as they stand in a line. */
  readonly bytes: Uint8Array;
  readonly quoted: Uint8Array;
  readonly wanted: boolean;
  readonly version: number | null;
}

/**
 * Turns packed pages into lines, each exactly what `readChatEvent` and `JSON.stringify` make of the event. Where it
 * lies in the log as this program writes it, its bytes are spliced; anything else is decoded.
 */
export function createLines(options: LineOptions): (page: PackedPage) => EventLines {
  const { filter, epoch } = options;
  const state: State = {
    options,
    epoch: ascii(`${epoch}-`),
    actor: filter.actor === undefined ? null : ascii(`${filter.actor}"`),
    needle: filter.text === undefined ? null : folded(filter.text),
    row: newRow(),
    places: newPlaces(),
    chats: new Map(),
    nameOf: null,
    putAt: createTimes(),
    putRecordedAt: createTimes(),
    types: [],
  };
  return (page) => linesOf(page, state);
}

function linesOf({ bytes, looked, nameOf }: PackedPage, state: State): EventLines {
  const out = newOut(bytes.length + looked * FRAME_BYTES);
  const lines = { ends: [] as number[], positions: [] as number[], ats: [] as number[] };
  if (state.nameOf !== nameOf || state.chats.size > CHATS_MAX) state.chats = new Map();
  state.nameOf = nameOf;
  const { row, chats } = state;
  for (let start = 0; start < bytes.length; start = row.end) {
    readRow(bytes, start, row);
    let chat = chats.get(row.stream);
    if (chat === undefined) {
      chat = chatNamed(nameOf(row.stream));
      chats.set(row.stream, chat);
    }
    if (chat === null) continue;
    const at = writeLine(out, bytes, { state, chat });
    if (at === null) continue;
    lines.ends.push(out.at);
    lines.positions.push(row.position);
    lines.ats.push(at);
  }
  return { bytes: out.bytes.subarray(0, out.at), ...lines };
}

interface Chat {
  readonly stream: string;
  readonly id: Uint8Array;
}

function chatNamed(stream: string): Chat | null {
  const id = chatOf(stream);
  return id === null ? null : { stream, id: ascii(id) };
}

interface Line {
  readonly state: State;
  readonly chat: Chat;
}

/** Returns the event's time, or null where it was not asked for, and nothing was written. */
function writeLine(out: Out, bytes: Uint8Array, line: Line): number | null {
  const { state, chat } = line;
  const { row, places, options } = state;
  const type = typeNamed(state, bytes, row);
  if (!type.wanted) return null;
  const plain = findMetadata(bytes, row, places) && places.v === type.version && state.needle === null;
  if (!plain) return writeDecoded(out, bytes, line);
  const { from = 0, to = Number.POSITIVE_INFINITY } = options.filter;
  if (places.at < from || places.at > to) return null;
  if (state.actor !== null && skip(bytes, places.actor, state.actor) < 0) return null;
  ensureRoom(out, row.end - row.data + chat.id.length + places.actorEnd - places.actor + FRAME_BYTES);
  const began = out.at;
  put(out, CHAT_ID);
  put(out, chat.id);
  put(out, SEQ);
  putNumber(out, row.revision + 1);
  put(out, type.quoted);
  if (!spliceData(out, bytes, { start: row.data, end: row.end, hidden: !options.content })) {
    out.at = began;
    return writeDecoded(out, bytes, line);
  }
  writeFrame(out, bytes, state);
  return places.at;
}

function writeFrame(out: Out, bytes: Uint8Array, state: State): void {
  const { row, places } = state;
  const ulid = (start: number) => copy(out, bytes, { start, end: start + ULID_LENGTH });
  put(out, V);
  putNumber(out, places.v);
  put(out, ACTOR);
  copy(out, bytes, { start: places.actor, end: places.actorEnd });
  put(out, AT);
  state.putAt(out, places.at);
  put(out, RECORDED_AT);
  state.putRecordedAt(out, row.recordedAt);
  if (state.options.positions !== false) {
    put(out, POSITION);
    put(out, state.epoch);
    putNumber(out, row.position, 36);
  }
  put(out, EVENT_ID);
  putUuid(out, bytes, row.id);
  put(out, COMMAND_ID);
  ulid(places.commandId);
  put(out, CORRELATION_ID);
  ulid(places.correlationId);
  if (places.causationId >= 0) {
    put(out, CAUSATION_ID);
    ulid(places.causationId);
  }
  put(out, END);
}

/** The event read as everybody reads it: what is of an older version, of an unknown type, or written by another hand. */
function writeDecoded(out: Out, bytes: Uint8Array, { state, chat }: Line): number | null {
  const { options, needle } = state;
  const { actor, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = options.filter;
  const event = readChatEvent(unpackRow(bytes, state.row, chat.stream), options.epoch);
  const at = Date.parse(event.at);
  if (at < from || at > to || (actor !== undefined && event.actor !== actor)) return null;
  if (needle !== null && !says(event, needle)) return null;
  const shown: Partial<ChatEvent> = options.content ? { ...event } : { ...withoutWords(event, 'hidden') };
  if (options.positions === false) delete shown.position;
  const text = Buffer.from(`${JSON.stringify(shown)}\n`);
  ensureRoom(out, text.length);
  out.bytes.set(text, out.at);
  out.at += text.length;
  return at;
}

const KNOWN: ReadonlySet<string> = new Set(CHAT_EVENT_TYPES);
const AFTER_TYPE = String.fromCharCode(FIELD_END);

/** Found by its bytes: there are few, and to make a string of each event's would cost more. */
function typeNamed({ types, options }: State, bytes: Uint8Array, row: PackedRow): KnownType {
  for (const type of types) if (skip(bytes, row.type, type.bytes) === row.id) return type;
  const name = Buffer.from(bytes.subarray(row.type, row.id - 1)).toString();
  const type = {
    bytes: ascii(name + AFTER_TYPE),
    quoted: ascii(`,"type":${JSON.stringify(name)},"data":`),
    wanted: options.filter.types?.has(name) ?? true,
    version: KNOWN.has(name) ? versionOf(name) : null,
  };
  types.push(type);
  return type;
}
