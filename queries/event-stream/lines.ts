import { createHash } from 'node:crypto';
import type { ChatEvent } from '../../events/chat.ts';
import { encodePosition } from '../../events/position.ts';
import type { EventStreamPage } from './read.ts';

/** Some lines of a stream, and the place from which whoever has them goes on. */
export interface EventChunk {
  /** Whole lines of NDJSON; empty where nothing of a page passed. */
  readonly bytes: Uint8Array;
  readonly position: string;
}

/** The events of a page, for whoever wants more of them than to pass them on. */
export function eventsOf({ bytes, ends }: Pick<EventStreamPage, 'bytes' | 'ends'>): ChatEvent[] {
  if (ends.length === 0) return [];
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length - 1).toString();
  return lines.split('\n').map((line) => JSON.parse(line) as ChatEvent);
}

/**
 * A stream of events as NDJSON. Where the pages end, the last line says how many lines came before it and their
 * SHA-256, line feeds included.
 */
export async function* eventLines(pages: AsyncIterable<EventStreamPage>, epoch: string): AsyncGenerator<EventChunk> {
  const hash = createHash('sha256');
  let count = 0;
  let position = encodePosition(epoch, 0);
  for await (const page of pages) {
    hash.update(page.bytes);
    count += page.ends.length;
    position = encodePosition(epoch, page.position);
    yield { bytes: page.bytes, position };
  }
  const end = { end: true, position, count, sha256: hash.digest('hex') };
  yield { bytes: Buffer.from(`${JSON.stringify(end)}\n`), position };
}
