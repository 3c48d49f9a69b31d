import { join } from 'node:path';
import type { EventLog } from '../../events/event-store.ts';
import { openViewsStore } from '../../infra/sqlite/views/open-store.ts';
import { openViews, type Views } from '../../infra/sqlite/views/open-views.ts';
import { createRunner, type Report, type Runner, type RunnerOptions } from '../../projections/index.ts';
import type { ViewsStore } from '../../projections/runner/ports.ts';

export interface TestRunner {
  readonly runner: Runner;
  readonly store: ViewsStore;
  readonly reports: Report[];
  readonly discarded: string[];
  /** Resolves when all views hold everything up to the log's present head. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

let lastId = 0;

/** A runner over a log and a file of views, in this thread, as tests want it: at work until it is closed. */
export async function startRunner(
  of: { log: EventLog; folder: string } & Partial<
    Pick<RunnerOptions, 'liveEventsMax' | 'catchUpEvents' | 'buildFromEvents'>
  > & { busyTimeoutMs?: number },
): Promise<TestRunner> {
  const { log, folder, busyTimeoutMs, ...limits } = of;
  const reports: Report[] = [];
  const discarded: string[] = [];
  const store = await openViewsStore({
    file: join(folder, 'views.db'),
    log: { epoch: log.epoch, head: await log.head() },
    onDiscard: (why) => discarded.push(why),
    ...(busyTimeoutMs !== undefined && { busyTimeoutMs }),
  });
  let moved: () => void = () => undefined;
  const runner = createRunner({
    log,
    store,
    clock: Date.now,
    makeId: () => `job-${++lastId}`,
    report: (report) => reports.push(report),
    onPosition: () => moved(),
    onHead: () => undefined,
    ...limits,
  });
  const running = runner.run();
  return {
    runner,
    store,
    reports,
    discarded,
    async caughtUp() {
      const head = await log.head();
      runner.nudge();
      while (runner.position() < head) {
        await Promise.race([new Promise<void>((resolve) => (moved = resolve)), running]);
      }
    },
    async close() {
      await runner.close();
      store.close();
    },
  };
}

/** The views of a whole log, built and open for reading. */
export async function builtViews(log: EventLog, folder: string): Promise<Views> {
  const running = await startRunner({ log, folder });
  await running.caughtUp();
  await running.close();
  return openViews(join(folder, 'views.db'));
}
