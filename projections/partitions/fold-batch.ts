import { decode } from '../../events/codec.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { chatHistoryProjection } from '../chat-history/projector.ts';
import { membersProjection } from '../members/projector.ts';
import { OutOfOrder } from '../order.ts';
import { type Input, inputOf, type Projection } from '../projection.ts';
import { createSubjects } from '../subjects.ts';
import { userChatsProjection } from '../user-chats/projector.ts';
import { usersProjection } from '../users/projector.ts';
import { isStoreFailure } from './failures.ts';
import type { PartitionRows, Step, ViewGroup } from './ports.ts';

const PROJECTIONS: { [G in ViewGroup]: (rows: PartitionRows) => Projection[] } = {
  'chat-history': (rows) => [chatHistoryProjection(rows.writer('chat-history'))],
  'user-chats': (rows) => [
    userChatsProjection(rows.writer('user-chats')),
    membersProjection(rows.writer('members')),
    usersProjection(rows.writer('users')),
  ],
};

const subjectOf = createSubjects();

/** What came of a batch: committed, or what stood in its way; then nothing of it is there. */
export type Folded =
  | { outcome: 'done'; unknown: readonly RecordedEvent[] }
  /** An event that the codec or a projection cannot take. */
  | { outcome: 'poison'; event: RecordedEvent; error: unknown }
  /** The view lacks what comes before the event. */
  | { outcome: 'gap'; event: RecordedEvent; error: OutOfOrder };

export type FoldBatch = (events: readonly RecordedEvent[], step: Step) => Promise<Folded>;

interface Prepared {
  /** One for each input. */
  readonly events: RecordedEvent[];
  readonly inputs: Input[];
  readonly unknown: RecordedEvent[];
}

/** Folds events into the rows of a group, all of them or none. What the store throws is thrown. */
export function createFoldBatch(rows: PartitionRows): FoldBatch {
  const projections = PROJECTIONS[rows.group](rows);
  const categories = new Set(projections.flatMap((projection) => projection.categories));
  const taking = { categories, projections };

  function reset(): void {
    rows.reset();
    for (const projection of projections) projection.reset();
  }

  return async (events, step) => {
    const prepared = prepare(events, categories);
    if ('outcome' in prepared) return prepared;
    try {
      await rows.load(prepared);
      const stopped = applyAll(taking, prepared);
      if (stopped) {
        reset();
        return stopped;
      }
      for (const projection of projections) projection.flush();
      await rows.commit(step);
    } catch (error) {
      reset();
      throw error;
    }
    return { outcome: 'done', unknown: prepared.unknown };
  };
}

function prepare(events: readonly RecordedEvent[], categories: ReadonlySet<string>): Prepared | Folded {
  const prepared: Prepared = { events: [], inputs: [], unknown: [] };
  for (const event of events) {
    const subject = subjectOf(event.stream);
    if (subject === null || !categories.has(subject.category)) continue;
    try {
      const decoded = decode(event);
      prepared.inputs.push(inputOf(event, subject, decoded));
      prepared.events.push(event);
      if (!decoded.known) prepared.unknown.push(event);
    } catch (error) {
      return { outcome: 'poison', event, error };
    }
  }
  return prepared;
}

interface Taking {
  readonly projections: readonly Projection[];
}

/** Null where all were taken. */
function applyAll({ projections }: Taking, { events, inputs }: Prepared): Folded | null {
  for (const [n, input] of inputs.entries()) {
    try {
      for (const projection of projections) {
        if (projection.categories.includes(input.category)) projection.apply(input);
      }
    } catch (error) {
      const event = events[n];
      if (!event || isStoreFailure(error)) throw error;
      return error instanceof OutOfOrder ? { outcome: 'gap', event, error } : { outcome: 'poison', event, error };
    }
  }
  return null;
}
