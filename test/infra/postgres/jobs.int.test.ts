import { expect, it } from 'vitest';
import { createJobs } from '../../../infra/postgres/generations/jobs.ts';
import type { ComparedSoFar } from '../../../projections/generations/ports.ts';
import { fileDatabase } from './database.ts';

const database = fileDatabase();
const COMPARED: ComparedSoFar = {
  generations: { 'chat-history': 3 },
  kind: 'histories',
  through: '01K',
  rows: 40,
  differencesFound: 1,
  differences: [{ chatId: '01J', seq: 4, what: 'missing' }],
};

it('whoever takes a job over knows what was told of it', async () => {
  const [one, other] = [createJobs(database.open()), createJobs(database.open())];
  const job = { jobId: 'verify 1', action: 'verify', name: 'all', asked: { reason: 'to see' } } as const;
  const lease = await one.begin(job, { driver: 'one' });
  if (!lease) throw new Error('it is not there yet');
  expect(lease.job).toMatchObject({ ...job, compared: null, told: {} });
  await one.tell(lease, { progress: 0.5, etaS: 7, compared: COMPARED });
  await one.tell(lease, { progress: 0.6 });
  await one.release(lease);
  const taken = await other.adopt({ driver: 'other', idleMs: 60_000 });
  expect(taken?.job).toMatchObject({ ...job, compared: COMPARED, told: { progress: 0.6, etaS: 7 } });
  await expect(one.tell(lease, { progress: 0.7 })).rejects.toMatchObject({ code: 'stale-driver' });
  if (taken) await other.end(taken, { state: 'done' });
  expect(await one.find(job.jobId)).toMatchObject({ state: 'done', compared: null });
});
