/** Bytes that are written one after the other into a piece of memory that was made large enough. */
export interface Out {
  bytes: Uint8Array;
  at: number;
}

export const newOut = (size: number): Out => ({ bytes: memory(size), at: 0 });

// Always of the one class, plain: what runs over the bytes of several is compiled for none of them.
const memory = (size: number): Uint8Array => new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);

/** Makes sure of `size` further bytes. */
export function ensureRoom(out: Out, size: number): void {
  if (out.bytes.length - out.at >= size) return;
  const larger = memory(2 * out.bytes.length + size);
  larger.set(out.bytes.subarray(0, out.at));
  out.bytes = larger;
}

export const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

// Loops: for so few bytes they are quicker than what is called to copy many.
export function put(out: Out, literal: Uint8Array): void {
  const { bytes } = out;
  let { at } = out;
  for (let i = 0; i < literal.length; i++) bytes[at++] = literal[i] as number;
  out.at = at;
}

export function copy(out: Out, from: Uint8Array, { start, end }: { start: number; end: number }): void {
  const { bytes } = out;
  let { at } = out;
  for (let i = start; i < end; i++) bytes[at++] = from[i] as number;
  out.at = at;
}

const ZERO = 0x30;
const POINT = 0x2e;
const UTC = 0x5a;
const HYPHEN = 0x2d;
/** From a digit's code to its letter's, in base 36. */
const LETTERS = 0x57;
const DIGITS_MAX = 16;
const scratch = new Uint8Array(DIGITS_MAX);

export function putNumber(out: Out, value: number, base: 10 | 36 = 10): void {
  let rest = value;
  let count = 0;
  do {
    const digit = rest % base;
    scratch[count++] = digit < 10 ? ZERO + digit : LETTERS + digit;
    rest = Math.floor(rest / base);
  } while (rest > 0);
  const { bytes } = out;
  while (count > 0) bytes[out.at++] = scratch[--count] as number;
}

const MINUTE_MS = 60_000;
/** `2026-01-01T00:00:` */
const MINUTE_LENGTH = 17;

/** Instants lie close to each other, so the text of their minute is made once. */
export function createTimes(): (out: Out, time: number) => void {
  let minute = Number.NaN;
  let text: Uint8Array = new Uint8Array(0);
  return (out, time) => {
    const current = Math.floor(time / MINUTE_MS);
    if (current !== minute) {
      minute = current;
      text = ascii(new Date(current * MINUTE_MS).toISOString().slice(0, MINUTE_LENGTH));
    }
    put(out, text);
    const rest = time - current * MINUTE_MS;
    const { bytes } = out;
    bytes[out.at++] = ZERO + Math.floor(rest / 10_000);
    bytes[out.at++] = ZERO + (Math.floor(rest / 1_000) % 10);
    bytes[out.at++] = POINT;
    bytes[out.at++] = ZERO + (Math.floor(rest / 100) % 10);
    bytes[out.at++] = ZERO + (Math.floor(rest / 10) % 10);
    bytes[out.at++] = ZERO + (rest % 10);
    bytes[out.at++] = UTC;
  };
}

const LAST_DIGIT = 0x39;
const TO_SMALL = 0x20;
/** Where the parts of a UUID end, in its digits. */
const UUID_PARTS = [8, 12, 16, 20, 32] as const;

/** Thirty-two hexadecimal digits as a UUID, in small letters. */
export function putUuid(out: Out, from: Uint8Array, start: number): void {
  const { bytes } = out;
  let { at } = out;
  let i = 0;
  for (let part = 0; part < UUID_PARTS.length; part++) {
    if (part > 0) bytes[at++] = HYPHEN;
    for (const end = UUID_PARTS[part] as number; i < end; i++) {
      const digit = from[start + i] as number;
      bytes[at++] = digit > LAST_DIGIT ? digit | TO_SMALL : digit;
    }
  }
  out.at = at;
}

/** The place behind `literal` where it stands at `from`, else -1. */
export function skip(bytes: Uint8Array, from: number, literal: Uint8Array): number {
  if (from < 0) return -1;
  for (let i = 0; i < literal.length; i++) if (bytes[from + i] !== literal[i]) return -1;
  return from + literal.length;
}
