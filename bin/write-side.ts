import type { Commands, MessageLookup } from '../commands/index.ts';
import type { EventStore } from '../events/event-store.ts';
import { type Clock, systemClock } from '../infra/system/clock.ts';
import { createIds } from '../infra/system/ids.ts';

export const ids = createIds(systemClock);

/** The log and the write side over it: all that a command-line verb needs to change something, a server running or not. */
export interface OpenLog {
  store: EventStore;
  commands: Commands;
  clock: Clock;
  close(): Promise<void>;
}

/** A lookup that has read nothing yet, which is always true. */
export const nothingKnown: MessageLookup = { find: async () => ({ throughSeq: 0, found: new Map() }) };
