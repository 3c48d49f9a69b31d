import { expect, test } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import { createDriver } from '../../../projections/generations/driver.ts';
import type { Generations, Job, JobEnd, Jobs, Lease, Places } from '../../../projections/generations/ports.ts';
import { StaleDriver } from '../../../projections/generations/ports.ts';

const WITHIN_MS = 20_000;
const JOB: Job = {
  jobId: 'job-1',
  action: 'verify',
  name: 'users',
  asked: {},
  state: 'running',
  phase: null,
  goal: null,
  told: {},
  startedAt: 0,
  endedAt: null,
  result: null,
  compared: null,
  error: null,
};

type Fault = (call: 'find' | 'end' | 'ended', n: number) => boolean;

/** One job, whose table fails where a test says so; `ended`: it has ended, and the answer is lost. */
function world(fails: Fault) {
  let job = JOB;
  const calls = { find: 0, end: 0, ended: 0 };
  const failing = (call: keyof typeof calls): void => {
    calls[call]++;
    if (fails(call, calls[call])) throw new StoreError('unavailable', 'no database');
  };
  const jobs: Pick<Jobs, 'find' | 'end' | 'tell' | 'release'> = {
    async find() {
      failing('find');
      return job;
    },
    async end(lease: Lease, { state, error = null }: JobEnd) {
      failing('end');
      if (job.state !== 'running') throw new StaleDriver(lease);
      job = { ...job, state, error };
      failing('ended');
    },
    tell: async () => false,
    release: async () => undefined,
  };
  const told: Job['state'][] = [];
  const worked = { times: 0 };
  const work = async (): Promise<JobEnd> => {
    worked.times++;
    return { state: 'done' };
  };
  const driver = createDriver({
    jobs: jobs as Jobs,
    generations: {} as Generations,
    places: {} as Places,
    work: { rebuild: work, verify: work, repair: work },
    owner: 'a',
    onFault: () => undefined,
    onEnd: ({ state }) => told.push(state),
  });
  return { driver, told, worked };
}

async function drivenToItsEnd(fails: Fault) {
  const { driver, told, worked } = world(fails);
  driver.drive({ job: JOB, term: 1 });
  await expect.poll(() => told.length, { timeout: WITHIN_MS }).toBeGreaterThan(0);
  await driver.close();
  return { told, worked: worked.times };
}

test('a job is worked on once, and told of once', async () => {
  expect(await drivenToItsEnd(() => false)).toEqual({ told: ['done'], worked: 1 });
});

test('an end that cannot be looked up at once is told of later, and nothing is done again', async () => {
  const after = await drivenToItsEnd((call, n) => call === 'find' && n > 1 && n < 4);
  expect(after).toEqual({ told: ['done'], worked: 1 });
});

test('an end whose answer is lost is told of, and nothing is done again', async () => {
  expect(await drivenToItsEnd((call) => call === 'ended')).toEqual({ told: ['done'], worked: 1 });
});

test('what could not be ended is done again', async () => {
  expect(await drivenToItsEnd((call, n) => call === 'end' && n === 1)).toEqual({ told: ['done'], worked: 2 });
});
