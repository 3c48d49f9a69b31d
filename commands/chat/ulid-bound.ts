const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;

/** The first characters of a ULID of that millisecond: every ULID of it or later sorts after them, every earlier one before. */
export function ulidBound(time: number): string {
  let rest = Math.max(0, time);
  let text = '';
  for (let i = 0; i < TIME_LENGTH; i++) {
    text = CROCKFORD.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
