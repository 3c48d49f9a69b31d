import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import type { ClusterConfig } from '../../infra/config.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import { createParking } from '../../infra/postgres/parking.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { closingAfter } from '../close-all.ts';
import type { ParkedSource } from '../server/engine.ts';
import { ids, type OpenLog } from '../write-side.ts';
import { createClusterAdmin } from './admin.ts';
import { openGenerations } from './generations/open.ts';
import { openGround } from './ground.ts';
import { parkedSource } from './parked-source.ts';
import { openCassandra, postgresOptions } from './reach-server.ts';

/** The views of a cluster for a verb of the command line, which works on them in its own process; others go on with what it leaves. */
export async function withClusterAdmin<T>(
  config: ClusterConfig,
  warn: (message: string) => void,
  work: (log: OpenLog, admin: ProjectionAdmin, parked: ParkedSource) => Promise<T>,
): Promise<T> {
  const fault = (what: string, error?: unknown): void =>
    warn(`warning: ${what}${error instanceof Error ? `: ${error.message}` : ''}`);
  const ground = await openGround(config, fault);
  const closing: (() => unknown)[] = [ground.close];
  return closingAfter({ closing, warn }, async () => {
    const owner = ids.ulid();
    const cassandra = await openCassandra(config, owner);
    closing.push(() => cassandra.close());
    const { store: log, commands } = ground.log;
    const { postgres } = ground;
    const checkpoints = createCheckpoints(postgres);
    const { partitions } = config;
    const views = openGenerations({
      log,
      postgres,
      postgresOptions: postgresOptions(config, { name: 'command line', fault }),
      cassandra,
      checkpoints,
      partitions,
      owner,
      record: commands.recordOps,
      onFault: fault,
    });
    closing.push(views.close);
    const admin = createClusterAdmin({ ...views, log, checkpoints, clock: systemClock });
    return work(ground.log, admin, parkedSource(createParking(postgres), views.generations));
  });
}
