import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from '../../events/event-store.ts';

/** Streams of which is known what was told. What is forgotten may be told twice, which does no harm. */
const STREAMS_MAX = 20_000;

/** Revisions of a stream that were told, with none left out between. */
interface Told {
  first: number;
  last: number;
}

/**
 * An event of a chat with members in several slots comes through each of them, and one of these may be ahead of the
 * others. True for an event that was not told yet.
 */
export function createToldOnce(): (event: RecordedEvent) => boolean {
  const streams = new LRUCache<string, Told>({ max: STREAMS_MAX });
  return ({ stream, revision }) => {
    const told = streams.get(stream);
    if (!told) {
      streams.set(stream, { first: revision, last: revision });
      return true;
    }
    if (revision > told.last) {
      // What lies between may still come through another slot: it is then before the first.
      if (revision > told.last + 1) told.first = revision;
      told.last = revision;
      return true;
    }
    if (revision >= told.first) return false;
    if (revision === told.first - 1) told.first = revision;
    return true;
  };
}
