import type { Placed, TopicWriter } from '../../events/backplane.ts';
import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { EVENT_BYTES_MAX } from '../relay/chains.ts';

/** A request to the topic is at most about so large, and so long. */
const REQUEST_CHARACTERS_MAX = 2_000_000;
const REQUEST_LINKS_MAX = 4_000;
/** What a link costs beside its event. */
const LINK_CHARACTERS = 100;

/** One chain of links for each slot: whoever reads a slot sees from each link whether it has missed the one before. */
export interface SlotChains {
  /** Puts an event into these slots, or, where no backplane carries it, that there was one. Waits where a request is full. */
  put(event: RecordedEvent, slots: Iterable<number>): Promise<void>;
  /** Tells every slot that has nothing after this position that there was nothing. */
  watermark(position: LogPosition): void;
  /** The same for every slot, whatever it has been told. */
  repeat(position: LogPosition): void;
  /** Resolves when the topic has everything that was put. */
  written(): Promise<void>;
}

/** `from`: everything of the source through there was written before, by whoever had the claim then. */
export function createSlotChains(
  writer: TopicWriter,
  { source, from }: { source: number; from: LogPosition },
): SlotChains {
  const last: (LogPosition | null)[] = Array.from({ length: writer.partitions }, () => null);
  let waiting: Placed[] = [];
  let characters = 0;

  function link(slot: number, position: LogPosition, event: RecordedEvent | null): void {
    waiting.push({ partition: slot, link: { source, after: last[slot] ?? from, position, event } });
    last[slot] = position;
    characters += LINK_CHARACTERS + (event ? event.data.length + event.metadata.length : 0);
  }

  async function written(): Promise<void> {
    if (waiting.length === 0) return;
    const links = waiting;
    waiting = [];
    characters = 0;
    await writer.write(links);
  }

  return {
    async put(event, slots) {
      const carried = Buffer.byteLength(event.data) + Buffer.byteLength(event.metadata) <= EVENT_BYTES_MAX;
      for (const slot of slots) {
        if (!carried) last[slot] = event.position; // the link then tells that its reader lacks it, and the log has it
        link(slot, event.position, carried ? event : null);
        if (waiting.length >= REQUEST_LINKS_MAX || characters >= REQUEST_CHARACTERS_MAX) await written();
      }
    },
    watermark(position) {
      for (const [slot, before] of last.entries()) if (before === null || before < position) link(slot, position, null);
    },
    repeat(position) {
      for (const slot of last.keys()) link(slot, position, null);
    },
    written,
  };
}
