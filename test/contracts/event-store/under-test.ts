import type { EventStore } from '../../../events/event-store.ts';

export interface StoreUnderTest {
  store: EventStore;
  /** Another adapter on the same log, as after a restart. Absent where a log ends with its process. */
  reopen?: () => Promise<EventStore>;
  close: () => Promise<void>;
}

export type MakeStore = () => Promise<StoreUnderTest>;
