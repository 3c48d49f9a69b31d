import type { Logger } from 'pino';
import type { EventLog } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { recordJobEnd } from '../../gateway/http/ops/recorded.ts';
import { openViews } from '../../infra/sqlite/views/open-views.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { chatLogReader } from '../../queries/chat-log/log-reader.ts';
import { createQueries, pinnedQueries } from '../../queries/index.ts';
import type { DataFolder } from '../data-folder.ts';
import type { Observer } from '../observer.ts';
import type { Composition } from '../server/composition.ts';
import type { Engine } from '../server/engine.ts';
import { openLog } from './open-log.ts';
import { type ProjectionReport, type Projections, startProjections } from './projections/start.ts';

export interface EngineOptions {
  folder: DataFolder;
  logger: Logger;
  observer: Observer;
  /** What the views hold of a chat was built anew. */
  onRepaired: (chatId: ChatId) => void;
}

/** The log, the write side over it, the views' thread, and the read side, in one data folder. */
export async function openEngine(
  on: Composition,
  { folder, logger, observer, onRepaired }: EngineOptions,
): Promise<Engine & { projections: Projections }> {
  const { config } = on;
  const views = openViews(folder.views);
  on.onClose(views.close);
  const log = await openLog({
    file: folder.events,
    lookup: views.lookup,
    verify: true,
    onFatal: on.onFatal,
    onFault: (what, error) => logger.warn({ err: error }, what),
    observer,
  });
  on.onClose(log.close);
  const { store, commands } = log;
  const unrecorded = (error: unknown): void => logger.error({ err: error }, 'the end of a job is not recorded');
  const projections = await startProjections({
    eventsFile: folder.events,
    viewsFile: folder.views,
    report(report) {
      logger[levelOf(report)]({ report }, 'projections');
      if (report.kind === 'repaired') onRepaired(report.chatId);
      if (report.kind === 'job-ended') recordJobEnd(report.job, commands.recordOps).catch(unrecorded);
    },
    onFailure(error) {
      on.warn(`the projections have stopped: ${error.message}. Sending goes on; reads fall behind until a restart.`);
      logger.error({ err: error }, 'the projections have stopped');
    },
  });
  on.onClose(projections.close);
  on.onClose(nudgeOnAppend(store, projections, on.onFatal));
  const answers = createQueries({
    chatHistory: views.chatHistory,
    chatLog: chatLogReader(store),
    members: views.members,
    userChats: views.userChats,
    users: views.users,
    parked: views.parked,
    progress: projections.progress,
    head: () => store.head(),
    epoch: store.epoch,
    access: (chatId, userId) => commands.access(chatId, userId),
    clock: systemClock,
    userSearch: config.userSearch,
  });
  const queries = pinnedQueries(answers, views.pinned);
  return { log, queries, projections };
}

const levelOf = ({ kind }: ProjectionReport): 'info' | 'warn' | 'error' =>
  kind === 'parked' ? 'error' : kind === 'released' ? 'info' : 'warn';

/** The views' thread hears of appends at once, rather than when it looks next. Returns what ends that. */
function nudgeOnAppend(log: EventLog, projections: Projections, onFatal: (error: Error) => void): () => Promise<void> {
  const over = new AbortController();
  const following = (async () => {
    for await (const batch of log.subscribe({ after: await log.head(), signal: over.signal }))
      projections.nudge(batch.position);
  })();
  following.catch(onFatal); // the log itself has failed
  return async () => {
    over.abort();
    await following;
  };
}
