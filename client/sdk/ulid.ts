const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;

/** Makes ULIDs of that clock, ascending also within a millisecond. */
export function ulidMaker(now: () => number): () => string {
  let lastTime = -1;
  let digits: number[] = [];
  return () => {
    const time = Math.max(now(), lastTime);
    digits = time === lastTime ? increment(digits) : randomDigits();
    lastTime = time;
    return encodeTime(time) + digits.map((digit) => ALPHABET.charAt(digit)).join('');
  };
}

function randomDigits(): number[] {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH)), (byte) => byte & 31);
  digits[0] = (digits[0] ?? 0) & 15; // room to count upwards
  return digits;
}

function increment(digits: readonly number[]): number[] {
  const next = [...digits];
  for (let i = next.length - 1; i >= 0; i--) {
    const digit = ((next[i] ?? 0) + 1) & 31;
    next[i] = digit;
    if (digit !== 0) break;
  }
  return next;
}

function encodeTime(time: number): string {
  let text = '';
  for (let i = 0, rest = Math.floor(time); i < TIME_LENGTH; i++, rest = Math.floor(rest / 32)) {
    text = ALPHABET.charAt(rest % 32) + text;
  }
  return text;
}
