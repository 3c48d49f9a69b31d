import { randomBytes } from 'node:crypto';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const COUNT_DIGITS = 8;

/** ULIDs of now, counted up: quick to make, and unique in this run. */
export function createMessageIds(): () => string {
  const tail = [...randomBytes(8)].map((byte) => CROCKFORD.charAt(byte % 32)).join('');
  let count = 0;
  let time = '';
  let at = 0;
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      time = digitsOf(now, TIME_DIGITS);
    }
    return time + tail + digitsOf(++count, COUNT_DIGITS);
  };
}

function digitsOf(value: number, length: number): string {
  let digits = '';
  for (let rest = value, i = 0; i < length; i++, rest = Math.floor(rest / 32))
    digits = CROCKFORD.charAt(rest % 32) + digits;
  return digits;
}
