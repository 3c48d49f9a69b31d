import { NO_STREAM, START } from '../../../events/event-store.ts';
import type { Database } from '../database.ts';
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

interface Tail {
  id: number;
  revision: number;
}

/** Time for writing before a commit: what bounds the wait of an append that comes when many are there. */
const COMMIT_WORK_MS = 5;
const TAILS_MAX = 100_000;

export function createWriter(database: Database): Writer {
  const sql = statements(database);
  /** Last revisions of streams. Good while no other connection commits. */
  const tails = new Map<string, Tail>();
  let version = -1;
  let head = START;
  let recordedMax = 0;

  function refresh(): void {
    const [now] = sql.version.get() ?? [0];
    if (now === version) return;
    tails.clear();
    head = sql.head.get()?.[0] ?? START;
    const [strided, at] = sql.clockEnd.get() ?? [0, 0];
    recordedMax = Math.max(strided, sql.recordedSince.get(at)?.[0] ?? 0);
    version = now;
  }

  function tailOf(stream: string): Tail | null {
    const known = tails.get(stream);
    if (known) return known;
    const row = sql.stream.get(stream);
    if (!row) return null;
    return remember(stream, { id: row[0], revision: sql.revision.get(row[0])?.[0] ?? NO_STREAM });
  }

  function remember(stream: string, tail: Tail): Tail {
    if (tails.size >= TAILS_MAX) tails.clear();
    tails.set(stream, tail);
    return tail;
  }

  function insert(group: AppendGroup, tail: Tail, from: number, count: number): void {
    for (let i = from; i < from + count; i++) {
      tail.revision++;
      head++;
      sql.insert.run(
        head,
        tail.id,
        tail.revision,
        group.eventIds[i] ?? '',
        group.types[i] ?? '',
        group.recordedAt,
        group.data[i] ?? '',
        group.metadata[i] ?? '',
      );
      if (group.recordedAt > recordedMax) recordedMax = group.recordedAt;
      if (head % CLOCK_STRIDE === 0) sql.clock.run(recordedMax, head);
    }
  }

  function append(group: AppendGroup, index: number, from: number, result: GroupResult): void {
    const stream = group.streams[index] ?? '';
    const expected = group.expected[index] ?? NO_STREAM;
    const count = group.counts[index] ?? 0;
    const tail = tailOf(stream);
    const actual = tail?.revision ?? NO_STREAM;
    if (actual === expected) {
      const written =
        tail ?? remember(stream, { id: Number(sql.name.run(stream).lastInsertRowid), revision: NO_STREAM });
      insert(group, written, from, count);
      answer(result, [APPENDED, written.revision, head, group.recordedAt]);
      return;
    }
    const first = tail && actual > expected ? repeatOf(group, tail.id, from, count, expected) : null;
    if (first) answer(result, [REPEATED, expected + count, first.position, first.recordedAt]);
    else answer(result, [CONFLICT, actual, START, 0]);
  }

  /** The place of the last of these events where they stand right behind `expected` already. */
  function repeatOf(group: AppendGroup, stream: number, from: number, count: number, expected: number) {
    const rows = sql.standing.all(stream, expected + 1, expected + count);
    const last = rows.at(-1);
    if (rows.length !== count || !last) return null;
    const same = rows.every(([id], i) => id === group.eventIds[from + i]?.replaceAll('-', '').toUpperCase());
    return same ? { position: last[1], recordedAt: last[2] } : null;
  }

  function work(queue: AppendQueue): { result: GroupResult; groups: number; append: number; event: number } {
    const started = performance.now();
    const result: GroupResult = { kind: 'appended', status: [], revisions: [], positions: [], recordedAt: [] };
    let { append: index, event } = queue;
    let groups = 0;
    refresh();
    for (const group of queue.groups) {
      for (; index < group.streams.length; index++) {
        if ((index & 0xf) === 0xf && performance.now() - started > COMMIT_WORK_MS) {
          return { result, groups, append: index, event };
        }
        append(group, index, event, result);
        event += group.counts[index] ?? 0;
      }
      groups++;
      index = 0;
      event = 0;
    }
    return { result, groups, append: index, event };
  }

  return {
    commit(queue) {
      try {
        const done = database.transaction(() => work(queue));
        queue.groups.splice(0, done.groups);
        queue.append = done.append;
        queue.event = done.event;
        return done.result;
      } catch (error) {
        version = -1;
        throw error;
      }
    },
  };
}

function answer(result: GroupResult, [status, revision, position, recordedAt]: [number, number, number, number]): void {
  result.status.push(status);
  result.revisions.push(revision);
  result.positions.push(position);
  result.recordedAt.push(recordedAt);
}

function statements(database: Database) {
  const arrays = { arrays: true };
  return {
    version: database.prepare<[number]>('PRAGMA data_version', arrays),
    head: database.prepare<[number | null]>('SELECT max(position) FROM events', arrays),
    clockEnd: database.prepare<[number, number]>(
      'SELECT recorded_max, position FROM clock ORDER BY recorded_max DESC, position DESC LIMIT 1',
      arrays,
    ),
    recordedSince: database.prepare<[number | null]>('SELECT max(recorded_at) FROM events WHERE position > ?', arrays),
    stream: database.prepare<[number]>('SELECT id FROM streams WHERE name = ?', arrays),
    revision: database.prepare<[number | null]>('SELECT max(revision) FROM events WHERE stream = ?', arrays),
    standing: database.prepare<[string, number, number]>(
      'SELECT hex(event_id), position, recorded_at FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision',
      arrays,
    ),
    name: database.prepare('INSERT INTO streams (name) VALUES (?)'),
    insert: database.prepare("INSERT INTO events VALUES (?, ?, ?, unhex(?, '-'), ?, ?, ?, ?)"),
    clock: database.prepare('INSERT INTO clock (recorded_max, position) VALUES (?, ?)'),
  };
}
