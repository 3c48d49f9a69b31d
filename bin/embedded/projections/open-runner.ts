import { discardDatabase } from '../../../infra/sqlite/database.ts';
import { openEventLog } from '../../../infra/sqlite/event-store/index.ts';
import { openViewsStore } from '../../../infra/sqlite/views/open-store.ts';
import { systemClock } from '../../../infra/system/clock.ts';
import { createUlidFactory } from '../../../infra/system/ids.ts';
import { createRunner, type Report, type Runner, type RunnerOptions } from '../../../projections/index.ts';

export interface OpenRunner {
  /** `events.db`; it must be there. */
  eventsFile: string;
  viewsFile: string;
  report: (report: ProjectionReport) => void;
  onPosition: RunnerOptions['onPosition'];
  onHead: (head: number) => void;
}

export type ProjectionReport = Report | { kind: 'views-discarded'; why: string };

/** The projections of a data folder, in this thread. */
export interface OpenedRunner {
  readonly runner: Runner;
  /** `discard`: the views are thrown away; the next one builds them afresh. */
  close(how?: { discard: boolean }): Promise<void>;
}

export async function openRunner({ eventsFile, viewsFile, ...tell }: OpenRunner): Promise<OpenedRunner> {
  const log = await openEventLog({ file: eventsFile });
  try {
    const store = await openViewsStore({
      file: viewsFile,
      log: { epoch: log.epoch, head: await log.head() },
      onDiscard: (why) => tell.report({ kind: 'views-discarded', why }),
    });
    const makeId = createUlidFactory(systemClock);
    const runner = createRunner({ log, store, clock: systemClock, makeId, ...tell });
    return {
      runner,
      async close({ discard } = { discard: false }) {
        await runner.close();
        store.close();
        await log.close();
        if (discard) discardDatabase(viewsFile);
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}
