import type { VNode } from 'preact';

const LINK = /https?:\/\/[^\s<>"'`]+/giu;
/** Punctuation at the end of a sentence does not belong to the address before it. */
const TRAILING = /[.,;:!?)\]}]+$/u;

/** A message's words as text. Only http and https addresses become links; everything else stays what it is. */
export function Words({ text }: { text: string }): VNode {
  return <>{parts(text)}</>;
}

function parts(text: string): (string | VNode)[] {
  const found: (string | VNode)[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TRAILING, '');
    if (!isWebAddress(address)) continue;
    found.push(text.slice(end, match.index), link(address, match.index));
    end = match.index + address.length;
  }
  return [...found, text.slice(end)];
}

const link = (address: string, key: number): VNode => (
  <a key={key} href={address} target="_blank" rel="noopener noreferrer nofollow">
    {address}
  </a>
);

function isWebAddress(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}
