import { decode } from '../../../events/codec.ts';
import { type RecordedEvent, START } from '../../../events/event-store.ts';
import { chatHistoryProjection } from '../../../projections/chat-history/projector.ts';
import { membersProjection } from '../../../projections/members/projector.ts';
import type { Claim, PartitionBatch, PartitionRows, Step } from '../../../projections/partitions/ports.ts';
import { type Input, inputOf, type Projection } from '../../../projections/projection.ts';
import { createSubjects } from '../../../projections/subjects.ts';
import { userChatsProjection } from '../../../projections/user-chats/projector.ts';
import { usersProjection } from '../../../projections/users/projector.ts';
import type { Seeded } from '../../support/seeded.ts';

const subjectOf = createSubjects();

/** Events as a batch of a partition: read, and those that no view takes left out of the inputs. */
export function batchOf(events: readonly RecordedEvent[]): PartitionBatch {
  const inputs = events.flatMap((event): Input[] => {
    const subject = subjectOf(event.stream);
    return subject === null ? [] : [inputOf(event, subject, decode(event))];
  });
  return { events, inputs };
}

/** All that folds into a group's rows. */
export function projectionsOf(rows: PartitionRows): Projection[] {
  if (rows.group === 'chat-history') return [chatHistoryProjection(rows.writer('chat-history'))];
  return [
    userChatsProjection(rows.writer('user-chats')),
    membersProjection(rows.writer('members')),
    usersProjection(rows.writer('users')),
  ];
}

/** One process at work on a partition, by hand. */
export interface Feeder {
  readonly rows: PartitionRows;
  readonly claim: Claim;
  /** Everything of the batch but the commit. */
  take(events: readonly RecordedEvent[]): Promise<void>;
  /** `from`: where its own last commit left the checkpoint. */
  commit(to: number): Promise<void>;
  feed(events: readonly RecordedEvent[]): Promise<void>;
  /** As after a failure: the batch will come again. */
  reset(): void;
  close(): Promise<void>;
}

export function feeder(rows: PartitionRows, claim: Claim): Feeder {
  const projections = projectionsOf(rows);
  let position = claim.position;
  const take = async (events: readonly RecordedEvent[]): Promise<void> => {
    const batch = batchOf(events);
    await rows.load(batch);
    for (const input of batch.inputs) {
      for (const { categories, apply } of projections) if (categories.includes(input.category)) apply(input);
    }
    for (const { flush } of projections) flush();
  };
  const commit = async (to: number): Promise<void> => {
    const step: Step = { claim, from: position, to };
    await rows.commit(step);
    position = to;
  };
  return {
    rows,
    claim,
    take,
    commit,
    async feed(events) {
      await take(events);
      await commit(events.at(-1)?.position ?? position);
    },
    reset() {
      rows.reset();
      for (const projection of projections) projection.reset();
    },
    close: () => rows.close(),
  };
}

/** The events in batches of 1 to `most`. */
export function inBatches(events: readonly RecordedEvent[], random: Seeded, most: number): RecordedEvent[][] {
  const batches: RecordedEvent[][] = [];
  for (let at = 0; at < events.length; ) {
    const size = 1 + random.below(most);
    batches.push(events.slice(at, at + size));
    at += size;
  }
  return batches;
}

/** What came after a place in the log. */
export const eventsAfter = (events: readonly RecordedEvent[], position: number = START): RecordedEvent[] =>
  events.filter((event) => event.position > position);
