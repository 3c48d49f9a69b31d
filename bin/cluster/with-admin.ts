import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import type { ClusterConfig } from '../../infra/config.ts';
import { createParking } from '../../infra/postgres/parking.ts';
import type { Io } from '../cli/io.ts';
import { viewsOfGroup } from '../parked-admin.ts';
import type { ParkedSource } from '../server/engine.ts';
import { ids, type OpenLog } from '../write-side.ts';
import { openAdmin } from './admin.ts';
import { openGround } from './ground.ts';
import { openCassandra } from './reach-server.ts';
import { openReadSide } from './read-side.ts';

/** The views of a cluster for a verb of the command line, which works on them in its own process. */
export async function withClusterAdmin<T>(
  config: ClusterConfig,
  io: Pick<Io, 'err'>,
  work: (log: OpenLog, admin: ProjectionAdmin, parked: ParkedSource) => Promise<T>,
): Promise<T> {
  const fault = (what: string, error?: unknown): void =>
    io.err(`warning: ${what}${error instanceof Error ? `: ${error.message}` : ''}`);
  const closing: (() => unknown)[] = [];
  const ground = await openGround(config, fault);
  closing.push(ground.close);
  try {
    const cassandra = await openCassandra(config, ids.ulid());
    closing.unshift(() => cassandra.close());
    const { store } = ground.log;
    const { views, progress } = openReadSide({ log: store, postgres: ground.postgres, cassandra, onFault: fault });
    closing.unshift(progress.close);
    const admin = openAdmin({ log: store, postgres: ground.postgres, cassandra, views, progress });
    return await work(ground.log, admin, { ...createParking(ground.postgres), viewsOf: viewsOfGroup });
  } finally {
    for (const end of closing) await end();
  }
}
