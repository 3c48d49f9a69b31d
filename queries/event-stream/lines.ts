import { createHash } from 'node:crypto';
import { encodePosition } from '../../events/position.ts';
import type { EventStreamPage } from './read.ts';

/**
 * A stream of events as NDJSON, a chunk of whole lines a page (an empty one where nothing of a page passed). Where the
 * pages end, the last line says how many lines came before it and their SHA-256, line feeds included.
 */
export async function* eventLines(pages: AsyncIterable<EventStreamPage>, epoch: string): AsyncGenerator<string> {
  const hash = createHash('sha256');
  let count = 0;
  let position = 0;
  for await (const page of pages) {
    const lines = page.events.map((event) => `${JSON.stringify(event)}\n`).join('');
    hash.update(lines);
    count += page.events.length;
    position = page.position;
    yield lines;
  }
  const end = { end: true, position: encodePosition(epoch, position), count, sha256: hash.digest('hex') };
  yield `${JSON.stringify(end)}\n`;
}
