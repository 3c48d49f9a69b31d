import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../../events/message-of.ts';
import { OPERATOR } from '../../../gateway/auth/access-tokens.ts';
import { type ParkedActs, recordedParked } from '../../../gateway/http/ops/parked/recorded.ts';
import type { ActedBy, ProjectionAdmin, ProjectionJob } from '../../../gateway/http/ops/port.ts';
import { recordedAdmin, recordJobEnd } from '../../../gateway/http/ops/recorded.ts';
import { isCluster } from '../../../infra/config.ts';
import { isCorrupt, isMisfit } from '../../../infra/sqlite/errors.ts';
import type { Runner } from '../../../projections/index.ts';
import { closingAfter } from '../../close-all.ts';
import { type DataFolder, dataFolderPaths } from '../../data-folder.ts';
import { openRunner, type ProjectionReport } from '../../embedded/projections/open-runner.ts';
import { openAuth } from '../../open-auth.ts';
import { openParkedAdmin, viewItself } from '../../parked-admin.ts';
import type { ParkedSource } from '../../server/engine.ts';
import type { OpenLog } from '../../write-side.ts';
import { type Io, VerbFailed } from '../io.ts';
import { type RunningServer, serverOrLock } from '../running-server.ts';
import type { VerbContext } from '../verb.ts';
import { assertLog, configured, type Ground, withLog } from '../with-log.ts';
import { httpAdmin, httpParked } from './http-admin.ts';

/** The views of a data folder, through the server that runs on it, or in this process where none does. */
export interface Projections {
  admin: ProjectionAdmin;
  parked: ParkedActs;
  /** Does what needs the views to be worked on: a server does so anyway. */
  working<T>(work: () => Promise<T>): Promise<T>;
}

const LOOK_EVERY_MS = 50;
/** How long a server that starts may take until it listens: before that it looks at its log. */
const STARTING_WAIT_MS = 30_000;

type Work<T> = (projections: Projections) => Promise<T>;

/** Whatever is done is recorded with the reason. */
export async function withProjections<T>(
  context: VerbContext,
  { reason }: { reason?: string },
  work: Work<T>,
): Promise<T> {
  const config = configured(context);
  const by: ActedBy = { actor: OPERATOR, ...(reason !== undefined && { reason }) };
  if (isCluster(config)) {
    const { withClusterAdmin } = await import('../../cluster/with-admin.ts');
    return withClusterAdmin(config, context.io.err, (log, admin, parked) =>
      work({
        admin: recordedAdmin(admin, log.commands.recordOps, by),
        parked: recordedParking(log, parked, by),
        working: (inner) => inner(),
      }),
    );
  }
  assertLog(dataFolderPaths(config.data));
  return withLog(context, async (log, ground) => {
    const { folder } = ground;
    const say = (message: string): void => context.io.err(message);
    const found = await serverOrLock(folder, { verb: context.name(), withinMs: STARTING_WAIT_MS, say });
    if ('http' in found) return work(await overHttp(log, { ground, server: found, reason }));
    try {
      return await inProcess(context, { log, folder, by, unlock: found }, work);
    } catch (error) {
      if (!isMisfit(error) && !isCorrupt(error)) throw error;
      // Views hold nothing that is not in the log.
      const what = `views.db is damaged (${messageOf(error)}): delete it, and it is built again from the log`;
      throw new VerbFailed('corrupt', what);
    }
  });
}

async function overHttp(
  log: OpenLog,
  {
    ground: { secrets, config },
    server,
    reason,
  }: { ground: Ground; server: RunningServer; reason: string | undefined },
): Promise<Projections> {
  const auth = await openAuth({ ...(await secrets()), commands: log.commands, config });
  try {
    const token = await auth.operatorToken();
    const over = { http: server.http, token, reason };
    return { admin: httpAdmin(over), parked: httpParked(over), working: (work) => work() };
  } finally {
    await auth.close();
  }
}

/** With the server's lock, which is given back. */
async function inProcess<T>(
  { io }: VerbContext,
  { log, folder, by, unlock }: { log: OpenLog; folder: DataFolder; by: ActedBy; unlock: () => void },
  work: Work<T>,
): Promise<T> {
  const ends: Promise<void>[] = [];
  const closing: (() => unknown)[] = [unlock, () => Promise.all(ends)];
  return closingAfter({ closing, warn: io.err }, async () => {
    const { runner, close } = await openRunner({
      eventsFile: folder.events,
      viewsFile: folder.views,
      report(report) {
        if (report.kind === 'job-ended') ends.push(recordedEnd(io, log, report.job));
        else warn(io, report);
      },
      onPosition: () => undefined,
      onHead: () => undefined,
    });
    closing.push(close);
    const { parking } = runner;
    const source = {
      list: async () => parking.list(),
      ask: async (group: string, key: string) => parking.ask(group, key),
      viewsOf: viewItself,
    };
    return work({
      admin: recordedAdmin(runner.admin, log.commands.recordOps, by),
      parked: recordedParking(log, source, by),
      working: (inner) => whileRunning(runner, inner),
    });
  });
}

/** Never rejects: nobody waits for it before the verb comes to its end. */
const recordedEnd = (io: Io, log: OpenLog, job: ProjectionJob): Promise<void> =>
  recordJobEnd(job, log.commands.recordOps).catch((error: unknown) =>
    io.err(`warning: it is not recorded how the ${job.action} of ${job.name} ended: ${messageOf(error)}`),
  );

const recordedParking = (log: OpenLog, parked: ParkedSource, by: ActedBy): ParkedActs =>
  recordedParked(
    openParkedAdmin(parked, { commands: log.commands, epoch: log.store.epoch }),
    log.commands.recordOps,
    by,
  );

function warn(io: Io, report: ProjectionReport): void {
  if (report.kind === 'views-discarded') io.err(`warning: the views are built afresh: ${report.why}`);
  else if (report.kind !== 'rebuilt') io.err(`warning: ${JSON.stringify(report)}`);
}

/** Does something while the runner works, and fails with it. */
async function whileRunning<T>({ run, admin }: Runner, work: () => Promise<T>): Promise<T> {
  const failed = run().then(() => new Promise<never>(() => undefined)); // ends a wait only by throwing
  await Promise.race([caughtUp(admin), failed]);
  return Promise.race([work(), failed]);
}

async function caughtUp(admin: Pick<ProjectionAdmin, 'list'>): Promise<void> {
  for (;;) {
    const states = await admin.list();
    if (states.every(({ state, lagEvents }) => lagEvents === 0 || state === 'paused')) return;
    await pause(LOOK_EVERY_MS);
  }
}
