import { decode } from '../../events/codec.ts';
import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import { chatStream, seqOf } from '../../events/streams.ts';
import { eventsOfChat } from '../chat-events.ts';
import { type LeftOut, leftOutInput } from '../parking/left-out.ts';
import { type Input, inputOf } from '../projection.ts';
import { createSubjects } from '../subjects.ts';
import type { JobDeps, JobWork } from './job.ts';
import { ONE_PARTITION, ONE_TERM } from './lot.ts';
import type { StoredJob } from './ports.ts';
import { createTrack, type Track } from './tracks.ts';

/** A track that begins anew, and where it ends: where the one stands whose rows it writes. */
interface Again {
  readonly track: Track;
  readonly until: LogPosition;
}

/**
 * Removes what the views hold of a chat and folds its events anew, in one transaction: readers see the one or the
 * other. What is read and what a rollback would go back to are both mended; what is being built beside them is made
 * from the log anyway.
 */
export function repairWork(deps: JobDeps, job: StoredJob): JobWork {
  const chatId = job.name;
  const units = { done: 0, total: 1 };
  return {
    async step() {
      const headSeq = await repair(deps, job);
      units.done = 1;
      deps.report({ kind: 'repaired', chatId, headSeq });
      return { done: true, events: headSeq };
    },
    units: () => ({ ...units }),
    position: () => null,
    result: () => null,
    end: async () => undefined,
  };
}

async function repair({ log, store, live, leftOut }: JobDeps, { name: chatId, views }: StoredJob): Promise<number> {
  const fed = views.flatMap((view) => {
    const entry = live.get(view);
    return [entry?.track, entry?.previous, entry?.building].filter((track) => track != null);
  });
  const again = fed.map(({ view, generation, position, lot }): Again => {
    return { track: createTrack(store, { view, generation, position: 0, leftOut, group: lot.group }), until: position };
  });
  const until = Math.max(...again.map((one) => one.until));
  const stream = chatStream(chatId);
  let headSeq = 0;
  try {
    await store.transactionOver(async () => {
      for (const { view, generation, lot } of fed) {
        store.clearChat(view, generation, chatId);
        // All of its events are taken: nothing of it waits any more.
        store.parking.release({ group: lot.group, partition: ONE_PARTITION, key: partitionKeyOf(stream) }, ONE_TERM);
      }
      const apply = applyTo(again, leftOut);
      for await (const events of eventsOfChat(log, chatId, until)) {
        for (const event of events) headSeq = Math.max(headSeq, apply(event));
        for (const { track } of again) track.projection.flush();
      }
    });
  } finally {
    // What memory holds of the chat is what it was.
    store.reset();
    for (const { projection, lot } of fed) {
      projection.reset();
      lot.reset();
    }
  }
  return headSeq;
}

/** Answers the seq of an event of the chat itself. */
function applyTo(again: readonly Again[], leftOut: LeftOut): (event: RecordedEvent) => number {
  const subjectOf = createSubjects();
  return (event) => {
    const subject = subjectOf(event.stream);
    if (subject === null) return 0;
    let input: Input | null = null;
    for (const { track, until } of again) {
      if (event.position > until || !track.categories.has(subject.category)) continue;
      if (leftOut.has(track.view, event)) {
        track.projection.apply(leftOutInput(event, subject));
        continue;
      }
      input ??= inputOf(event, subject, decode(event));
      track.projection.apply(input);
    }
    return subject.category === 'chat' ? seqOf(event.revision) : 0;
  };
}
