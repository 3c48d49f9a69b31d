import { decode } from '../../events/codec.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { chatHistoryProjection } from '../chat-history/projector.ts';
import { membersProjection } from '../members/projector.ts';
import { OutOfOrder } from '../order.ts';
import { type LeftOut, leftOutInput } from '../parking/left-out.ts';
import { type Input, inputOf, type Projection } from '../projection.ts';
import type { ViewName } from '../runner/ports.ts';
import { createSubjects } from '../subjects.ts';
import { userChatsProjection } from '../user-chats/projector.ts';
import { usersProjection } from '../users/projector.ts';
import { isStoreFailure } from './failures.ts';
import type { PartitionRows, Step, ViewGroup } from './ports.ts';

const PROJECTIONS: { [G in ViewGroup]: (rows: PartitionRows) => Partial<Record<ViewName, Projection>> } = {
  'chat-history': (rows) => ({ 'chat-history': chatHistoryProjection(rows.writer('chat-history')) }),
  'user-chats': (rows) => ({
    'user-chats': userChatsProjection(rows.writer('user-chats')),
    members: membersProjection(rows.writer('members')),
    users: usersProjection(rows.writer('users')),
  }),
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
  /** As the database hears of them: what one view leaves out, and another takes, is what it is. */
  readonly inputs: Input[];
  /** By the place of an input: what views that leave it out are given. */
  readonly leftOut: Map<number, Input>;
  readonly unknown: RecordedEvent[];
}

/** Folds events into the rows of a group, all of them or none. What the store throws is thrown. */
export function createFoldBatch(rows: PartitionRows, leftOut: LeftOut): FoldBatch {
  const views = Object.entries(PROJECTIONS[rows.group](rows));
  const projections = views.map(([, projection]) => projection);
  const categories = new Set(projections.flatMap((projection) => projection.categories));
  const taking = { views, leftOut };

  function reset(): void {
    rows.reset();
    for (const projection of projections) projection.reset();
  }

  return async (events, step) => {
    const prepared = prepare(events, { views, categories, leftOut });
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

function prepare(
  events: readonly RecordedEvent[],
  { views, categories, leftOut }: Taking & { categories: ReadonlySet<string> },
): Prepared | Folded {
  const prepared: Prepared = { events: [], inputs: [], leftOut: new Map(), unknown: [] };
  for (const event of events) {
    const subject = subjectOf(event.stream);
    if (subject === null || !categories.has(subject.category)) continue;
    if (!leftOut.none && views.some(([view]) => leftOut.has(view, event))) {
      const input = leftOutInput(event, subject);
      prepared.leftOut.set(prepared.inputs.length, input);
      if (views.every(([view]) => leftOut.has(view, event))) {
        prepared.inputs.push(input);
        prepared.events.push(event);
        continue;
      }
    }
    try {
      const decoded = decode(event);
      prepared.inputs.push(inputOf(event, subject, decoded));
      prepared.events.push(event);
      if (!decoded.known) prepared.unknown.push({ ...event, type: decoded.type });
    } catch (error) {
      return { outcome: 'poison', event, error };
    }
  }
  return prepared;
}

interface Taking {
  readonly views: readonly [view: string, projection: Projection][];
  readonly leftOut: LeftOut;
}

/** Null where all were taken. */
function applyAll({ views, leftOut }: Taking, { events, inputs, leftOut: instead }: Prepared): Folded | null {
  for (const [n, input] of inputs.entries()) {
    const event = events[n];
    const left = instead.get(n);
    try {
      for (const [view, projection] of views) {
        if (!projection.categories.includes(input.category)) continue;
        projection.apply(left && event && leftOut.has(view, event) ? left : input);
      }
    } catch (error) {
      if (!event || isStoreFailure(error)) throw error;
      return error instanceof OutOfOrder ? { outcome: 'gap', event, error } : { outcome: 'poison', event, error };
    }
  }
  return null;
}
