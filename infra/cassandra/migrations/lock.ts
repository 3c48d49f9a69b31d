import { type Cassandra } from '../cassandra.ts';
import { textOrNull } from '../row.ts';

/** A holder that has not renewed it for so long is taken to be dead, by the servers' clock. */
export const LOCK_TTL_S = 60;

export const LOCK_TABLE = 'CREATE TABLE IF NOT EXISTS migration_lock (name text PRIMARY KEY, owner text)';

const NAME = 'schema';

/** Held by one process at a time, and by none for ever. */
export interface Lock {
  /** True where it is held from now on. */
  take(): Promise<boolean>;
  /** False where it ran out meanwhile and another has it. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

export function migrationLock(cassandra: Cassandra, { owner, ttlS }: { owner: string; ttlS: number }): Lock {
  return {
    async take() {
      const { applied, row } = await cassandra.decide(
        'INSERT INTO migration_lock (name, owner) VALUES (?, ?) IF NOT EXISTS USING TTL ?',
        [NAME, owner, ttlS],
      );
      // An attempt whose answer was lost may have taken it.
      return applied || textOrNull(row, 'owner') === owner;
    },
    async renew() {
      const { applied } = await cassandra.decide(
        'UPDATE migration_lock USING TTL ? SET owner = ? WHERE name = ? IF owner = ?',
        [ttlS, owner, NAME, owner],
      );
      return applied;
    },
    async release() {
      await cassandra.decide('DELETE FROM migration_lock WHERE name = ? IF owner = ?', [NAME, owner]);
    },
  };
}
