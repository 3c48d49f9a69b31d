import type { RecordedEvent } from '../../../events/event-store.ts';
import type { SqliteEventStore } from '../../sqlite/event-store/index.ts';
import type { StandInFaults } from './faults.ts';

export interface StandInContext {
  readonly store: SqliteEventStore;
  readonly faults: StandInFaults;
  /** The log's positions are multiplied by this on the wire. */
  readonly stride: number;
  /** Where it listens itself, once it does. */
  readonly self: { host: string; port: number };
  /** `user:password` that every call must bring along, or null. */
  readonly credentials: string | null;
  /** Events as they are sent: what many follow is encoded once. */
  readonly encoded: WeakMap<RecordedEvent, Buffer>;
}

/** The most that EventStoreDB takes in one append by default. */
export const APPEND_MAX_BYTES = 1_048_576;
