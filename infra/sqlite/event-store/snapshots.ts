import type { StoreError } from '../../../events/event-store.ts';
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

export interface SnapshotLane {
  save(stream: string, revision: number, state: string): Promise<void>;
  saved(ids: number[], error: StoreError | null): void;
  abandon(error: StoreError): void;
}

/** The calling thread's side: who waits for which snapshot. */
export function createSnapshotLane(post: (message: SnapshotMessage) => void): SnapshotLane {
  const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  let next = 0;
  return {
    save: (stream, revision, state) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        post({ kind: 'snapshot', id, stream, revision, state });
      }),
    saved(ids, error) {
      for (const id of ids) {
        if (error) waiting.get(id)?.reject(error);
        else waiting.get(id)?.resolve();
        waiting.delete(id);
      }
    },
    abandon(error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    },
  };
}
