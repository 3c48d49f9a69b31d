import { createRequire } from 'node:module';
import type { Emoji } from '../../commands/ports.ts';

/** The RGI emoji of the package `emoji.json` (Unicode's emoji-test.txt), by every way to write them. */
const VARIATION_SELECTOR = /\uFE0F/g;
const require = createRequire(import.meta.url);

interface Entry {
  /** Code points in hexadecimal, separated by blanks. */
  readonly codes: string;
  readonly group: string;
}

let table: ReadonlyMap<string, string> | null = null;

export const emoji: Emoji = {
  qualify(text) {
    table ??= readTable();
    return table.get(text.replace(VARIATION_SELECTOR, '')) ?? null;
  },
};

/**
 * Keyed without variation selectors, which is all that tells apart the ways to qualify one emoji. The list names all of
 * these ways; the one with most selectors is the fully qualified. Components (a skin tone alone) are no emoji by themselves.
 */
function readTable(): ReadonlyMap<string, string> {
  const qualified = new Map<string, string>();
  for (const { codes, group } of require('emoji.json') as Entry[]) {
    if (group === 'Component') continue;
    const text = String.fromCodePoint(...codes.split(' ').map((code) => Number.parseInt(code, 16)));
    const key = text.replace(VARIATION_SELECTOR, '');
    if (text.length >= (qualified.get(key)?.length ?? 0)) qualified.set(key, text);
  }
  return qualified;
}
