import { createCommands, type MessageLookup, type UserLookup } from '../../commands/index.ts';
import type { EventStore } from '../../events/event-store.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { createSnapshots } from '../../infra/postgres/snapshots.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { emoji } from '../../infra/system/emoji.ts';
import { type Observer, unobserved } from '../observer.ts';
import { ids, nothingKnown, type OpenLog } from '../write-side.ts';

export interface WriteSide {
  store: EventStore;
  postgres: Postgres;
  /** Where ids older than a chat's window are found; without it the stream is read. */
  lookup?: MessageLookup;
  /** Who exists; without it each user's stream is read. */
  users?: UserLookup;
  onFault: (what: string, error?: unknown) => void;
  observer?: Pick<Observer, 'telemetry' | 'store'>;
}

/** The log of a cluster and the write side over it. The store is closed by whoever opened it. */
export function openClusterLog({
  store,
  postgres,
  lookup = nothingKnown,
  users,
  onFault,
  observer = unobserved,
}: WriteSide): OpenLog {
  const { commands: traced, trace } = observer.telemetry;
  const commands = createCommands({
    store: observer.store(store),
    snapshots: createSnapshots(postgres),
    lookup,
    ...(users && { users }),
    ids,
    emoji,
    clock: systemClock,
    onFault,
    ...(trace && { trace }),
  });
  return { store, commands: traced(commands), clock: systemClock, close: () => commands.close() };
}
