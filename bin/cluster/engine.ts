import type { UserLookup } from '../../commands/ports.ts';
import { messageLookup } from '../../infra/cassandra/message-lookup/lookup.ts';
import type { Config } from '../../infra/config.ts';
import type { EventStoreDbStore } from '../../infra/eventstoredb/event-store.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import { createParking } from '../../infra/postgres/parking.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { userLookup } from '../../infra/postgres/users/lookup.ts';
import { systemClock } from '../../infra/system/clock.ts';
import type { Observer } from '../observer.ts';
import type { Engine } from '../server/engine.ts';
import { nothingKnown } from '../write-side.ts';
import { createClusterAdmin } from './admin.ts';
import type { ViewGenerations } from './generations/open.ts';
import { openClusterLog } from './open-log.ts';
import { parkedSource } from './parked-source.ts';
import { openQueries, openReadSide } from './read-side.ts';

export interface EngineDeps {
  store: EventStoreDbStore;
  postgres: Postgres;
  views: ViewGenerations;
  config: Config;
  onClose(end: () => unknown): void;
  onFault: (what: string, error?: unknown) => void;
  observer: Observer;
}

/** What the edges of a cluster serve: the write side over the event store, the read side over the views. */
export function openEngine({ store, postgres, views, config, onClose, onFault, observer }: EngineDeps): Engine {
  const readSide = openReadSide({ log: store, postgres, stores: views.stores, onFault });
  const { progress } = readSide;
  onClose(progress.close);
  const lookup: typeof nothingKnown = {
    find(query) {
      const live = progress.lastLive();
      return live ? messageLookup(views.stores.cassandra(live['chat-history'])).find(query) : nothingKnown.find(query);
    },
  };
  const users: UserLookup = {
    async existing(userIds) {
      const live = await progress.live();
      return userLookup(views.stores.postgres(live['user-chats'])).existing(userIds);
    },
  };
  const log = openClusterLog({ store, postgres, lookup, users, onFault, observer });
  onClose(log.close);
  const checkpoints = createCheckpoints(postgres);
  return {
    log,
    queries: openQueries(readSide, { log: store, commands: log.commands, config }),
    projections: {
      progress,
      parked: parkedSource(createParking(postgres), views.generations),
      admin: createClusterAdmin({ ...views, log: store, checkpoints, clock: systemClock }),
    },
  };
}
