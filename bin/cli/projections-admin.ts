import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { ERROR_CODES, type ErrorCode, type Outcome, rejected } from '../../events/error-codes.ts';
import type { ProjectionAdmin, ProjectionJob, ProjectionState } from '../../gateway/http/ops/port.ts';
import { isCluster } from '../../infra/config.ts';
import { acquireServerLock } from '../../infra/sqlite/event-store/index.ts';
import type { Runner } from '../../projections/index.ts';
import { type DataFolder, dataFolderPaths } from '../data-folder.ts';
import { openRunner } from '../embedded/projections/open-runner.ts';
import { openAuth } from '../open-auth.ts';
import type { OpenLog } from '../write-side.ts';
import { VerbFailed } from './io.ts';
import { type RunningServer, runningServer } from './running-server.ts';
import type { VerbContext } from './verb.ts';
import { assertLog, configured, type Ground, withLog } from './with-log.ts';

/** The views of a data folder, through the server that runs on it, or in this process where none does. */
export interface Projections {
  admin: ProjectionAdmin;
  /** Does what needs the views to be worked on: a server does so anyway. */
  working<T>(work: () => Promise<T>): Promise<T>;
}

const OPERATOR = 'operator';
const AREA = 'projections';
const LOOK_EVERY_MS = 50;

export async function withProjections<T>(
  context: VerbContext,
  work: (projections: Projections) => Promise<T>,
): Promise<T> {
  const config = configured(context);
  if (isCluster(config)) {
    const { withClusterAdmin } = await import('../cluster/with-admin.ts');
    return withClusterAdmin(config, context.io, (log, admin) =>
      work({ admin: recorded(log, admin), working: (inner) => inner() }),
    );
  }
  assertLog(dataFolderPaths(config.data));
  return withLog(context, async (log, ground) => {
    const server = await runningServer(ground.folder);
    if (server) return work(await overHttp(log, { ground, server }));
    return inProcess(context, { log, folder: ground.folder, work });
  });
}

async function overHttp(
  log: OpenLog,
  { ground: { secrets, config }, server }: { ground: Ground; server: RunningServer },
): Promise<Projections> {
  const auth = await openAuth({ ...(await secrets()), commands: log.commands, config });
  try {
    const token = await auth.operatorToken();
    return { admin: httpAdmin(server.http, token), working: (work) => work() };
  } finally {
    await auth.close();
  }
}

function httpAdmin(http: string, token: string): ProjectionAdmin {
  async function ask<T>(method: 'GET' | 'POST', path: string): Promise<Outcome<T>> {
    const response = await fetch(`${http}/v1/ops/${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    const body: unknown = await response.json();
    if (response.ok) return { ok: true, value: body as T };
    const problem = Problem.parse(body);
    return rejected(problem.code, problem.detail);
  }
  const act = <T>(name: string, action: string): Promise<Outcome<T>> =>
    ask('POST', `projections/${encodeURIComponent(name)}/${action}`);
  return {
    async list() {
      const listed = await ask<{ projections: ProjectionState[] }>('GET', 'projections');
      if (!listed.ok) throw new VerbFailed(listed.rejection.code, listed.rejection.detail);
      return listed.value.projections;
    },
    rebuild: (name) => act<ProjectionJob>(name, 'rebuild'),
    verify: (name) => act<ProjectionJob>(name, 'verify'),
    pause: (name) => act<ProjectionState>(name, 'pause'),
    resume: (name) => act<ProjectionState>(name, 'resume'),
    async job(id) {
      const job = await ask<ProjectionJob>('GET', `jobs/${encodeURIComponent(id)}`);
      if (job.ok) return job.value;
      if (job.rejection.code === 'not-found') return null;
      throw new VerbFailed(job.rejection.code, job.rejection.detail);
    },
  };
}

const Problem = z.object({ code: z.enum(ERROR_CODES as readonly [ErrorCode, ...ErrorCode[]]), detail: z.string() });

/** With the server's lock, so that none starts on the views meanwhile. */
async function inProcess<T>(
  { io }: VerbContext,
  { log, folder, work }: { log: OpenLog; folder: DataFolder; work: (projections: Projections) => Promise<T> },
): Promise<T> {
  const unlock = await acquireServerLock(folder.root);
  try {
    const opened = await openRunner({
      eventsFile: folder.events,
      viewsFile: folder.views,
      report: (report) => {
        if (report.kind === 'views-discarded') io.err(`warning: the views are built afresh: ${report.why}`);
        else if (report.kind !== 'rebuilt') io.err(`warning: ${JSON.stringify(report)}`);
      },
      onPosition: () => undefined,
      onHead: () => undefined,
    });
    try {
      const { runner } = opened;
      return await work({ admin: recorded(log, runner.admin), working: (inner) => whileRunning(runner, inner) });
    } finally {
      await opened.close();
    }
  } finally {
    unlock();
  }
}

/** Does something while the runner works, and fails with it. */
async function whileRunning<T>({ run, admin }: Runner, work: () => Promise<T>): Promise<T> {
  const failed = run().then(() => new Promise<never>(() => undefined)); // ends a wait only by throwing
  await Promise.race([caughtUp(admin), failed]);
  return Promise.race([work(), failed]);
}

async function caughtUp(admin: ProjectionAdmin): Promise<void> {
  for (;;) {
    const states = await admin.list();
    if (states.every(({ state, lagEvents }) => lagEvents === 0 || state === 'paused' || state === 'failed')) return;
    await pause(LOOK_EVERY_MS);
  }
}

/** As a server does: what cannot be recorded is not done; what became of it is recorded after. */
function recorded(log: OpenLog, admin: ProjectionAdmin): ProjectionAdmin {
  async function record<T>(action: string, target: string, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const say = (outcome: string): Promise<void> =>
      log.commands.recordOps({ actor: OPERATOR, area: AREA, type: 'OperatorActed', data: { action, target, outcome } });
    await say('asked');
    const outcome = await work();
    await say(outcome.ok ? 'accepted' : outcome.rejection.code);
    return outcome;
  }
  return {
    list: admin.list,
    job: admin.job,
    rebuild: (name) => record('rebuild', name, () => admin.rebuild(name)),
    verify: (name) => record('verify', name, () => admin.verify(name)),
    pause: (name) => record('pause', name, () => admin.pause(name)),
    resume: (name) => record('resume', name, () => admin.resume(name)),
  };
}
