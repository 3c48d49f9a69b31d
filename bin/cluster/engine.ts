import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { messageLookup } from '../../infra/cassandra/message-lookup/lookup.ts';
import type { Config } from '../../infra/config.ts';
import type { EventStoreDbStore } from '../../infra/eventstoredb/event-store.ts';
import { createParking } from '../../infra/postgres/parking.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { userLookup } from '../../infra/postgres/users/lookup.ts';
import type { Observer } from '../observer.ts';
import { viewsOfGroup } from '../parked-admin.ts';
import type { Engine } from '../server/engine.ts';
import { openAdmin } from './admin.ts';
import { openClusterLog } from './open-log.ts';
import { openQueries, openReadSide } from './read-side.ts';

export interface EngineDeps {
  store: EventStoreDbStore;
  postgres: Postgres;
  cassandra: Cassandra;
  config: Config;
  onClose(end: () => unknown): void;
  onFault: (what: string, error?: unknown) => void;
  observer: Observer;
}

/** What the edges of a cluster serve: the write side over the event store, the read side over the views. */
export function openEngine({ store, postgres, cassandra, config, onClose, onFault, observer }: EngineDeps): Engine {
  const readSide = openReadSide({ log: store, postgres, cassandra, onFault });
  onClose(readSide.progress.close);
  const lookup = messageLookup(cassandra, { isRebuilding: () => readSide.progress.wasRebuilding('chat-history') });
  const log = openClusterLog({ store, postgres, lookup, users: userLookup(postgres), onFault, observer });
  onClose(log.close);
  const { views, progress } = readSide;
  return {
    log,
    queries: openQueries(readSide, { log: store, commands: log.commands, config }),
    projections: {
      progress,
      parked: { ...createParking(postgres), viewsOf: viewsOfGroup },
      admin: openAdmin({ log: store, postgres, cassandra, views, progress }),
    },
  };
}
