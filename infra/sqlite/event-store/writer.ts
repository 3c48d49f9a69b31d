import { NO_STREAM, START } from '../../../events/event-store.ts';
import type { Database, Statement } from '../database.ts';
import { createLogState, type LogState, type Tail } from './log-state.ts';
import { CLOCK_STRIDE } from './schema.ts';
import { APPENDED, type AppendGroup, CONFLICT, type GroupResult, REPEATED } from './wire.ts';

export interface Writer {
  /**
   * Decides and writes appends in one transaction that is on stable storage on return: all that are queued, or as many
   * as the time allows, so that none waits long for others. What was done leaves the queue; on a throw nothing was
   * written and the queue is as before.
   */
  commit(queue: AppendQueue): GroupResult;
}

/** Groups waiting, and how far the first one is done. */
export interface AppendQueue {
  groups: AppendGroup[];
  append: number;
  event: number;
}

/**
 * Time for writing before a commit: what bounds the wait of an append that comes when many are there. As long as the
 * last sync took, within these, so that a slow disk gets larger commits rather than fewer appends.
 */
const COMMIT_WORK_MIN_MS = 5;
const COMMIT_WORK_MAX_MS = 25;
/** The time is looked at once in so many appends. */
const CLOCK_LOOK_MASK = 0xf;

interface Context {
  state: LogState;
  insert: Statement;
  clock: Statement;
  standing: Statement<[id: string, position: number, recordedAt: number]>;
}

export function createWriter(database: Database): Writer {
  const context: Context = {
    state: createLogState(database),
    insert: database.prepare("INSERT INTO events VALUES (?, ?, ?, unhex(?, '-'), ?, ?, ?, ?)"),
    clock: database.prepare('INSERT INTO clock (recorded_max, position) VALUES (?, ?)'),
    standing: database.prepare(
      'SELECT hex(event_id), position, recorded_at FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision',
      { arrays: true },
    ),
  };
  let budgetMs = COMMIT_WORK_MIN_MS;
  return {
    commit(queue) {
      try {
        let worked = 0;
        const { result, rest } = database.transaction(() => {
          const done = work(context, queue, performance.now() + budgetMs);
          worked = performance.now();
          return done;
        });
        budgetMs = Math.min(COMMIT_WORK_MAX_MS, Math.max(COMMIT_WORK_MIN_MS, performance.now() - worked));
        Object.assign(queue, rest);
        return result;
      } catch (error) {
        context.state.forget();
        throw error;
      }
    },
  };
}

interface Worked {
  result: GroupResult;
  rest: AppendQueue;
}

function work(context: Context, { groups, append, event }: AppendQueue, deadline: number): Worked {
  const result: GroupResult = { kind: 'appended', status: [], revisions: [], positions: [], recordedAt: [] };
  context.state.refresh();
  let index = append;
  let from = event;
  for (const [done, group] of groups.entries()) {
    for (; index < group.streams.length; index++) {
      if ((index & CLOCK_LOOK_MASK) === CLOCK_LOOK_MASK && result.status.length > 0 && performance.now() > deadline) {
        return { result, rest: { groups: groups.slice(done), append: index, event: from } };
      }
      decide(context, appendAt(group, index, from), result);
      from += group.counts[index] ?? 0;
    }
    index = 0;
    from = 0;
  }
  return { result, rest: { groups: [], append: 0, event: 0 } };
}

/** One append of a group: its events are those from `from` on. */
interface PendingAppend {
  group: AppendGroup;
  stream: string;
  expected: number;
  from: number;
  count: number;
}

function appendAt(group: AppendGroup, index: number, from: number): PendingAppend {
  const stream = group.streams[index] ?? '';
  return { group, stream, expected: group.expected[index] ?? NO_STREAM, from, count: group.counts[index] ?? 0 };
}

function decide(context: Context, append: PendingAppend, result: GroupResult): void {
  const { stream, expected, count, group } = append;
  const tail = context.state.tailOf(stream);
  const actual = tail?.revision ?? NO_STREAM;
  if (actual === expected) {
    const written = tail ?? context.state.createStream(stream);
    write(context, append, written);
    answer(result, [APPENDED, written.revision, context.state.head, group.recordedAt]);
    return;
  }
  const first = tail && actual > expected ? standingAs(context, append, tail) : null;
  if (first) answer(result, [REPEATED, expected + count, first.position, first.recordedAt]);
  else answer(result, [CONFLICT, actual, START, 0]);
}

function write({ state, insert, clock }: Context, { group, from, count }: PendingAppend, tail: Tail): void {
  if (group.recordedAt > state.recordedMax) state.recordedMax = group.recordedAt;
  for (let i = from; i < from + count; i++) {
    tail.revision++;
    state.head++;
    insert.run(
      state.head,
      tail.id,
      tail.revision,
      group.eventIds[i] ?? '',
      group.types[i] ?? '',
      group.recordedAt,
      group.data[i] ?? '',
      group.metadata[i] ?? '',
    );
    if (state.head % CLOCK_STRIDE === 0) clock.run(state.recordedMax, state.head);
  }
}

/** The place of the last of these events where they stand right behind the expected revision already. */
function standingAs({ standing }: Context, { group, expected, from, count }: PendingAppend, tail: Tail) {
  const rows = standing.all(tail.id, expected + 1, expected + count);
  const last = rows.at(-1);
  if (rows.length !== count || !last) return null;
  const same = rows.every(([id], i) => id === group.eventIds[from + i]?.replaceAll('-', '').toUpperCase());
  return same ? { position: last[1], recordedAt: last[2] } : null;
}

function answer(result: GroupResult, [status, revision, position, recordedAt]: [number, number, number, number]): void {
  result.status.push(status);
  result.revisions.push(revision);
  result.positions.push(position);
  result.recordedAt.push(recordedAt);
}
