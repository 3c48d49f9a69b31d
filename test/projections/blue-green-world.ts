import { join } from 'node:path';
import type { RecordedEvent } from '../../events/event-store.ts';
import { type Database, openDatabase } from '../../infra/sqlite/database.ts';
import { VIEWS } from '../../projections/index.ts';
import { arrayLog } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { randomLog } from '../support/random-log.ts';
import { startRunner, type TestRunner } from '../support/views.ts';
import { jobDone } from './jobs.ts';

export const SEED = 71;
export const LOG = randomLog({ seed: SEED, events: 500 });
const DEADLINE_MS = 20_000;

export interface World {
  running: TestRunner;
  folder: string;
  file: string;
  log: ReturnType<typeof arrayLog>;
}

export async function built(events: RecordedEvent[] = [...LOG.events], limits = {}): Promise<World> {
  const folder = testFolder();
  const log = arrayLog(events);
  const running = await startRunner({ log, folder, ...limits });
  await running.caughtUp();
  return { running, folder, log, file: join(folder, 'views.db') };
}

export async function edit<T>(file: string, work: (db: Database) => T): Promise<T> {
  const db = await openDatabase({ file, synchronous: 'normal' });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it never came to that');
    await new Promise(setImmediate);
  }
}

export const generationsOf = async ({ running }: World, name: string) =>
  (await running.runner.admin.list()).find((state) => state.name === name)?.generations;
export const rebuilt = async ({ running }: World, name: string) =>
  jobDone(running.runner.admin, await running.runner.admin.rebuild(name));
/** A rebuild that has begun, and waits. */
export async function begun({ running }: World, name: string): Promise<string> {
  const { admin } = running.runner;
  const job = await admin.rebuild(name, { eventsPerSecond: 1_000 });
  if (!job.ok) throw new Error(job.rejection.detail);
  await until(async () => ((await admin.job(job.value.jobId))?.progress ?? 0) > 0);
  for (const view of name === 'all' ? VIEWS : [name]) await admin.pause(view);
  return job.value.jobId;
}
