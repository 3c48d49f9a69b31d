import type { EventLog } from '../../../events/event-store.ts';
import { type RecordOps, recordJobEnd } from '../../../gateway/http/ops/recorded.ts';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { createGenerations } from '../../../infra/postgres/generations/generations.ts';
import { createJobs } from '../../../infra/postgres/generations/jobs.ts';
import { createParking } from '../../../infra/postgres/parking.ts';
import type { Postgres, PostgresOptions } from '../../../infra/postgres/pool.ts';
import { systemClock } from '../../../infra/system/clock.ts';
import { createDriver, type Driver, type JobWork } from '../../../projections/generations/driver.ts';
import type { Generations, Jobs, Target } from '../../../projections/generations/ports.ts';
import { rebuildWork } from '../../../projections/generations/rebuild.ts';
import { VIEWS } from '../../../projections/index.ts';
import type { Checkpoints } from '../../../projections/partitions/ports.ts';
import type { GradeLimits } from '../verify/in-order.ts';
import { generationsOf, type VerifyDeps, verifyViews } from '../verify/verify.ts';
import { jobRecord } from './job-record.ts';
import { repairWork } from './repair.ts';
import { createPlaces, type GenerationStores, openStores } from './stores.ts';

/** The generations of a cluster's views, and what is done with them, as one process sees them. */
export interface ViewGenerations {
  readonly stores: GenerationStores;
  readonly generations: Generations;
  readonly jobs: Jobs;
  readonly driver: Driver;
  /** Names this process. */
  readonly owner: string;
  /** What is under way here goes on elsewhere. */
  close(): Promise<void>;
}

export interface OpenGenerations {
  readonly log: EventLog;
  readonly postgres: Postgres;
  readonly postgresOptions: PostgresOptions;
  readonly cassandra: Cassandra;
  readonly checkpoints: Checkpoints;
  /** Of the topic of events. */
  readonly partitions: number;
  readonly owner: string;
  /** Where it is recorded how jobs ended. */
  readonly record: RecordOps;
  readonly onFault: (what: string, error?: unknown) => void;
}

export function openGenerations(options: OpenGenerations): ViewGenerations {
  const { log, postgres, checkpoints, partitions, owner, record, onFault } = options;
  const stores = openStores(options);
  const [generations, jobs, places] = [createGenerations(postgres), createJobs(postgres), createPlaces(options)];
  const deps: VerifyDeps = { log, stores, checkpoints, partitions, parking: createParking(postgres) };
  const driver = createDriver({
    jobs,
    generations,
    places,
    owner,
    onFault,
    work: {
      rebuild: rebuildWork({
        log,
        checkpoints,
        generations,
        places,
        clock: systemClock,
        verify: async ({ job, signal, tell }, targets) =>
          verifyViews(deps, {
            generations: generationsOf(targets),
            views: VIEWS,
            sample: job.asked.sample ?? 1,
            limits: await limitsOf(generations, targets),
            signal,
            before: job.compared,
            tell,
          }),
      }),
      verify: verifyWork(deps, generations),
      repair: repairWork({ ...deps, generations, owner, onFault }),
    },
    onEnd: (job) => {
      recordJobEnd(jobRecord(job), record).catch((error: unknown) => onFault('how a job ended is not recorded', error));
    },
  });
  return {
    stores,
    generations,
    jobs,
    driver,
    owner,
    async close() {
      await driver.close();
      await stores.close();
    },
  };
}

/** What bounds the filling of a generation bounds its comparison too. */
async function limitsOf(generations: Generations, targets: readonly Target[]): Promise<GradeLimits> {
  const [first] = targets;
  const found = (await generations.list()).find(
    ({ group, generation }) => group === first?.group && generation === first.generation,
  );
  if (!found) throw new Error('the generation that is compared is not there any more');
  return found;
}

/** Of what is live when it begins. */
const verifyWork =
  (deps: VerifyDeps, generations: Generations): JobWork =>
  async ({ job, signal, tell }) => {
    const live = (await generations.list()).filter(({ state }) => state === 'live');
    const result = await verifyViews(deps, {
      generations: generationsOf(live),
      views: job.asked.views ?? VIEWS,
      sample: job.asked.sample ?? 1,
      signal,
      before: job.compared,
      tell,
    });
    return { state: 'done', result };
  };
