import type { Database } from '../database.ts';
import { writeFailure } from './failure.ts';
import type { FromWriter, ToWriter } from './wire.ts';

export type SnapshotMessage = Extract<ToWriter, { kind: 'snapshot' }>;

/** Under steady load snapshots wait this long for a pause, then go in between two commits. */
const PATIENCE_MS = 500;

/** Snapshots are a convenience: they wait for a moment without appends, and of one stream only the newest is written. */
export function createSnapshotQueue(database: Database, post: (message: FromWriter) => void) {
  const insert = database.prepare(
    `INSERT INTO snapshots (stream, revision, state) VALUES (?, ?, ?)
     ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision, state = excluded.state
     WHERE excluded.revision >= snapshots.revision`,
  );
  const waiting = new Map<string, SnapshotMessage>();
  let ids: number[] = [];
  let since = 0;

  function write(): FromWriter {
    try {
      database.transaction(() => {
        for (const { stream, revision, state } of waiting.values()) insert.run(stream, revision, state);
      });
      return { kind: 'saved', ids, failure: null };
    } catch (error) {
      return { kind: 'saved', ids, failure: writeFailure(error) };
    }
  }

  return {
    add(message: SnapshotMessage): void {
      if (ids.length === 0) since = performance.now();
      ids.push(message.id);
      const other = waiting.get(message.stream);
      if (!other || other.revision <= message.revision) waiting.set(message.stream, message);
    },
    /** True where something was written. */
    save({ appendsWait }: { appendsWait: boolean }): boolean {
      if (ids.length === 0 || (appendsWait && performance.now() - since < PATIENCE_MS)) return false;
      post(write());
      waiting.clear();
      ids = [];
      return true;
    },
  };
}
