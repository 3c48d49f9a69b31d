import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import type { ClusterConfig } from '../../infra/config.ts';
import type { Io } from '../cli/io.ts';
import { ids, type OpenLog } from '../write-side.ts';
import { openAdmin } from './admin.ts';
import { openGround } from './ground.ts';
import { openCassandra } from './reach-server.ts';
import { openReadSide } from './read-side.ts';

/** The views of a cluster for a verb of the command line, which works on them in its own process. */
export async function withClusterAdmin<T>(
  config: ClusterConfig,
  io: Pick<Io, 'err'>,
  work: (log: OpenLog, admin: ProjectionAdmin) => Promise<T>,
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
    return await work(ground.log, openAdmin({ log: store, postgres: ground.postgres, cassandra, views, progress }));
  } finally {
    for (const end of closing) await end();
  }
}
