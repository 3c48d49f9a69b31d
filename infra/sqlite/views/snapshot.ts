import type { Database } from '../database.ts';

/** Runs synchronous reads of one connection in one transaction, so that they see one moment. */
export type Snapshot = <T>(work: () => T) => T;

export function snapshotOf(db: Database): Snapshot {
  const begin = db.prepare('BEGIN');
  const end = db.prepare('COMMIT');
  return (work) => {
    begin.run();
    try {
      return work();
    } finally {
      end.run();
    }
  };
}
