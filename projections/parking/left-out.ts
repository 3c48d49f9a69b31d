import { decode, readableMetadata } from '../../events/codec.ts';
import type { EventLog } from '../../events/event-store.ts';
import { PARKED_AREA, type StoredSkip } from '../../events/ops.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { opsStream } from '../../events/streams.ts';
import { type EventPlace, type Input, inputOf } from '../projection.ts';
import type { Subject } from '../subjects.ts';
import { LEFT_OUT } from './ports.ts';

/** An event that an operator has decided to leave out, and the views that do so. */
export interface Skip extends Pick<EventPlace, 'stream' | 'revision' | 'type' | 'position'> {
  readonly views: string[];
  readonly reason: string;
}

/** What is left out of which view for ever: it is in the log, so that whoever folds that again leaves it out too. */
export interface LeftOut {
  /** True while there is nothing. */
  readonly none: boolean;
  has(view: string, event: Pick<EventPlace, 'stream' | 'revision'>): boolean;
  of(view: string): Skip[];
  /** Reads what has been decided since. */
  load(log: Pick<EventLog, 'readStream'>): Promise<void>;
}

export function createLeftOut(): LeftOut {
  const skips = new Map<string, Skip>();
  let read = 0;
  const placeOf = ({ stream, revision }: Pick<EventPlace, 'stream' | 'revision'>): string => `${stream} ${revision}`;
  return {
    get none() {
      return skips.size === 0;
    },
    has: (view, event) => skips.get(placeOf(event))?.views.includes(view) ?? false,
    of: (view) => [...skips.values()].filter(({ views }) => views.includes(view)),
    async load(log) {
      for await (const page of pagesOfStream(log, opsStream(PARKED_AREA), { from: read })) {
        for (const event of page) {
          read = event.revision + 1;
          if (event.type !== 'EventSkipped') continue;
          const skip = decode(event).data as StoredSkip;
          const views = [...new Set([...(skips.get(placeOf(skip))?.views ?? []), ...skip.views])];
          skips.set(placeOf(skip), { ...skip, views });
        }
      }
    },
  };
}

/** What a view takes in the place of an event that is left out. The command's id stays known, so that no repeat of it appends anew. */
export function leftOutInput(
  event: EventPlace & { readonly metadata: unknown; readonly recordedAt?: number },
  subject: Subject,
): Input {
  const { position, recordedAt = 0 } = event;
  const metadata = readableMetadata(event) ?? {
    v: 1,
    actor: '',
    at: recordedAt,
    commandId: `left-out-${position}`,
    correlationId: '',
  };
  return inputOf(event, subject, { known: false, type: LEFT_OUT, data: {}, metadata });
}
