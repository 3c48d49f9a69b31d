import { NO_STREAM, START } from '../../../events/event-store.ts';
import type { Database } from '../database.ts';

/** A stream's id, and the revision it will have once the transaction under way is committed. */
export interface Tail {
  id: number;
  revision: number;
}

/** What the writer remembers of the log between commits, as long as nobody else writes. */
export interface LogState {
  head: number;
  /** The latest time recorded anywhere. */
  recordedMax: number;
  /** First thing in each transaction: drops what a commit of another connection made old. */
  refresh(): void;
  /** After a rollback: what is remembered was never written. */
  forget(): void;
  tailOf(stream: string): Tail | null;
  createStream(stream: string): Tail;
}

const TAILS_MAX = 100_000;

export function createLogState(database: Database): LogState {
  const arrays = { arrays: true };
  const dataVersion = database.prepare<[number]>('PRAGMA data_version', arrays);
  const lastPosition = database.prepare<[number | null]>('SELECT max(position) FROM events', arrays);
  const clockEnd = database.prepare<[number, number]>(
    'SELECT recorded_max, position FROM clock ORDER BY recorded_max DESC, position DESC LIMIT 1',
    arrays,
  );
  const recordedSince = database.prepare<[number | null]>(
    'SELECT max(recorded_at) FROM events WHERE position > ?',
    arrays,
  );
  const streamId = database.prepare<[number]>('SELECT id FROM streams WHERE name = ?', arrays);
  const lastRevision = database.prepare<[number | null]>('SELECT max(revision) FROM events WHERE stream = ?', arrays);
  const insertStream = database.prepare('INSERT INTO streams (name) VALUES (?)');
  const tails = new Map<string, Tail>();
  let version = -1;

  function remember(stream: string, tail: Tail): Tail {
    if (tails.size >= TAILS_MAX) tails.clear();
    tails.set(stream, tail);
    return tail;
  }

  const state: LogState = {
    head: START,
    recordedMax: 0,
    refresh() {
      const [now] = dataVersion.get() ?? [0];
      if (now === version) return;
      tails.clear();
      state.head = lastPosition.get()?.[0] ?? START;
      const [strided, at] = clockEnd.get() ?? [0, START];
      state.recordedMax = Math.max(strided, recordedSince.get(at)?.[0] ?? 0);
      version = now;
    },
    forget() {
      version = -1;
    },
    tailOf(stream) {
      const known = tails.get(stream);
      if (known) return known;
      const id = streamId.get(stream)?.[0];
      if (id === undefined) return null;
      return remember(stream, { id, revision: lastRevision.get(id)?.[0] ?? NO_STREAM });
    },
    createStream(stream) {
      return remember(stream, { id: Number(insertStream.run(stream).lastInsertRowid), revision: NO_STREAM });
    },
  };
  return state;
}
