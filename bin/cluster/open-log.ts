import { createCommands, type MessageLookup } from '../../commands/index.ts';
import type { EventStore } from '../../events/event-store.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { createSnapshots } from '../../infra/postgres/snapshots.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { emoji } from '../../infra/system/emoji.ts';
import { ids, nothingKnown, type OpenLog } from '../open-log.ts';

export interface WriteSide {
  store: EventStore;
  postgres: Postgres;
  /** Where ids older than a chat's window are found; without it the stream is read. */
  lookup?: MessageLookup;
  onFault: (what: string, error?: unknown) => void;
}

/** The log of a cluster and the write side over it. The store is closed by whoever opened it. */
export function openClusterLog({ store, postgres, lookup = nothingKnown, onFault }: WriteSide): OpenLog {
  const commands = createCommands({
    store,
    snapshots: createSnapshots(postgres),
    lookup,
    ids,
    emoji,
    clock: systemClock,
    onFault,
  });
  return { store, commands, clock: systemClock, close: () => commands.close() };
}
