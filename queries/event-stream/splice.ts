import { ascii, type Out, put, skip } from './bytes.ts';
import { digits, type PackedRow } from './packed.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;

const WORDS = ascii('{"enc":"plain","text":');
const ENCODED = ascii('"enc":');
const NO_WORDS = ascii('""');
const WITHHELD = ascii(',"withheld":"hidden"}');

/**
 * Writes an event's data with its words decoded, from the JSON as it lies in the log: `{"enc":"plain","text":"…"}` can
 * stand there only as an object, since the quotes of a string are escaped. False where the words are not so.
 */
export function spliceData(
  out: Out,
  bytes: Uint8Array,
  { start, end, hidden }: { start: number; end: number; hidden: boolean },
): boolean {
  if (bytes[start] !== OPEN || bytes[end - 1] !== CLOSE) return false;
  const to = out.bytes;
  let at = out.at;
  let found = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === OPEN && bytes[i + 2] === WORDS[2]) {
      const text = skip(bytes, i, WORDS);
      if (text >= 0) {
        const after = endOfString(bytes, text);
        if (after < 0 || bytes[after] !== CLOSE) return false;
        if (hidden) for (let k = 0; k < NO_WORDS.length; k++) to[at++] = NO_WORDS[k] as number;
        else for (let k = text; k < after; k++) to[at++] = bytes[k] as number;
        found = true;
        i = after;
        continue;
      }
    } else if (byte === QUOTE && bytes[i + 1] === ENCODED[1] && skip(bytes, i, ENCODED) >= 0) {
      return false; // words in another form
    }
    to[at++] = byte;
  }
  out.at = at;
  if (found && hidden) {
    out.at--;
    put(out, WITHHELD);
  }
  return true;
}
/** The place behind the string whose opening quote stands at `start`; -1 where none stands there, or it has no end. */
function endOfString(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== QUOTE) return -1;
  for (let i = start + 1; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === QUOTE) return i + 1;
  }
  return -1;
}

/** Where the parts of an event's metadata lie, as our own writer puts them. */
export interface MetadataPlaces {
  v: number;
  at: number;
  actor: number;
  actorEnd: number;
  commandId: number;
  correlationId: number;
  /** -1 where there is none. */
  causationId: number;
}

export const newPlaces = (): MetadataPlaces => ({
  v: 0,
  at: 0,
  actor: 0,
  actorEnd: 0,
  commandId: 0,
  correlationId: 0,
  causationId: -1,
});

const V = ascii('{"v":');
const ACTOR = ascii(',"actor":"');
const AT = ascii('","at":');
const COMMAND = ascii(',"commandId":"');
const CORRELATION = ascii('","correlationId":"');
const CAUSATION = ascii('","causationId":"');
const TRACEPARENT = ascii('","traceparent":"');
const END = ascii('"}');
export const ULID_LENGTH = 26;
/** Through the year 9999: beyond it RFC 3339 has no form. */
const TIME_MAX = 253_402_300_799_999;

/** False where the metadata is written in any other way: it must then be parsed. */
export function findMetadata(
  bytes: Uint8Array,
  { metadata, data: end }: Pick<PackedRow, 'metadata' | 'data'>,
  places: MetadataPlaces,
): boolean {
  const v = skip(bytes, metadata, V);
  const vEnd = endOfDigits(bytes, v);
  places.actor = skip(bytes, vEnd, ACTOR);
  if (places.actor < 0) return false;
  places.actorEnd = plainEnd(bytes, places.actor);
  const at = skip(bytes, places.actorEnd, AT);
  const atEnd = endOfDigits(bytes, at);
  places.commandId = skip(bytes, atEnd, COMMAND);
  places.correlationId = skip(bytes, behindUlid(bytes, places.commandId), CORRELATION);
  let rest = behindUlid(bytes, places.correlationId);
  if (rest < 0) return false;
  places.causationId = skip(bytes, rest, CAUSATION);
  if (places.causationId >= 0) rest = behindUlid(bytes, places.causationId);
  const trace = skip(bytes, rest, TRACEPARENT);
  if (trace >= 0) rest = plainEnd(bytes, trace);
  if (skip(bytes, rest, END) !== end) return false;
  places.v = digits(bytes, v, vEnd);
  places.at = digits(bytes, at, atEnd);
  return places.at <= TIME_MAX;
}

function endOfDigits(bytes: Uint8Array, start: number): number {
  if (start < 0) return -1;
  let i = start;
  while ((bytes[i] as number) >= ZERO && (bytes[i] as number) <= NINE) i++;
  return i === start ? -1 : i;
}

/** The closing quote of a string without escapes. */
function plainEnd(bytes: Uint8Array, start: number): number {
  let i = start;
  while (bytes[i] !== QUOTE && bytes[i] !== BACKSLASH && i < bytes.length) i++;
  return bytes[i] === QUOTE ? i : -1;
}

function behindUlid(bytes: Uint8Array, start: number): number {
  if (start < 0) return -1;
  const end = plainEnd(bytes, start);
  return end - start === ULID_LENGTH ? end : -1;
}
