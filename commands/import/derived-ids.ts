import type { Ids } from '../ports.ts';

/** Ids that follow from what is imported, so that a second import finds every one of them there. */
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 16;

/** A ULID whose time is given and whose other 80 bits follow from a namespace and a key. */
export function derivedUlid(ids: Ids, time: number, of: { namespace: string; key: string }): string {
  const digits = BigInt(`0x${ids.eventId(of.namespace, of.key).replaceAll('-', '')}`);
  return base32(BigInt(Math.max(0, time)), TIME_CHARACTERS) + base32(digits, RANDOM_CHARACTERS);
}

function base32(value: bigint, characters: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < characters; i++) {
    text = CROCKFORD.charAt(Number(rest & 31n)) + text;
    rest >>= 5n;
  }
  return text;
}
