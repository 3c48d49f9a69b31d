import type { Ids } from '../ports.ts';

/** Ids that follow from what is imported, so that a second import finds every one of them there. */
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_CHARACTERS = 10;
/** The last 80 bits of a UUID: twenty hexadecimal digits, five of which are four characters of base 32. */
const RANDOM_HEX = 20;
const GROUP_HEX = 5;
const GROUP_CHARACTERS = 4;

/** A ULID whose time is given and whose other 80 bits follow from a namespace and a key. */
export function derivedUlid(ids: Ids, time: number, of: { namespace: string; key: string }): string {
  const hex = ids.eventId(of.namespace, of.key).replaceAll('-', '').slice(-RANDOM_HEX);
  let ulid = base32(Math.max(0, time), TIME_CHARACTERS);
  for (let i = 0; i < RANDOM_HEX; i += GROUP_HEX) {
    ulid += base32(Number.parseInt(hex.slice(i, i + GROUP_HEX), 16), GROUP_CHARACTERS);
  }
  return ulid;
}

function base32(value: number, characters: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < characters; i++) {
    text = CROCKFORD.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
