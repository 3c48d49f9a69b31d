import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { StoreError } from '../../../events/event-store.ts';
import { startWorker } from '../../../infra/system/worker.ts';
import { type Admin, createProgress, type Progress } from '../../../projections/index.ts';
import { viewItself } from '../../parked-admin.ts';
import type { ParkedSource } from '../../server/engine.ts';
import type { Asked, Failure, FromWorker, ToWorker, WorkerInput } from './messages.ts';
import type { ProjectionReport } from './open-runner.ts';

export type { ProjectionReport } from './open-runner.ts';

export interface StartProjections extends WorkerInput {
  /** What an operator should read in the log. */
  report: (report: ProjectionReport) => void;
  /** The worker ended by itself: a broken invariant. Called once. */
  onFailure: (error: Error) => void;
}

export interface Projections {
  readonly progress: Pick<Progress, 'position' | 'reached' | 'lagMs'>;
  /** As `progress` says it, of the views that no operator has paused. */
  followingLagMs(): number;
  readonly admin: Admin;
  readonly parked: ParkedSource;
  /** How many events of types that this version does not know went by since the start, by type. */
  unknown(): Promise<Record<string, number>>;
  /** Something was appended; `head` is its position, where that is known. */
  nudge(head?: number): void;
  close(): Promise<void>;
}

/**
 * Runs the projections in a thread of their own. Resolves once they have looked at the views: these can be read from
 * then on, however far behind they are.
 */
export async function startProjections(options: StartProjections): Promise<Projections> {
  const { eventsFile, viewsFile } = options;
  const data: WorkerInput = { eventsFile, viewsFile };
  const worker = startWorker({ from: import.meta.url, path: './worker', data, name: 'projections' });
  const progress = createProgress();
  const following = createProgress();
  const appended = (head: number): void => {
    progress.appended(head);
    following.appended(head);
  };
  const calls = createCalls(worker);
  let closing = false;
  let failure: Error | null = null;
  const fail = (error: Error) => {
    if (failure || closing) return;
    failure = error;
    calls.fail(error);
    options.onFailure(error);
  };
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') resolve();
      else if (message.kind === 'position') {
        progress.moved(message.position);
        following.moved(message.following);
      } else if (message.kind === 'head') appended(message.head);
      else if (message.kind === 'report') options.report(message.report);
      else calls.answered(message);
    });
    worker.once('error', (error) => {
      const thrown = error instanceof Error ? error : new Error(String(error));
      fail(thrown);
      reject(thrown);
    });
    worker.once('exit', (code) => fail(new Error(`the projections ended with code ${code}`)));
  });
  await ready;
  return {
    progress,
    admin: calls.admin,
    parked: calls.parked,
    unknown: calls.unknown,
    followingLagMs: following.lagMs,
    nudge: createNudge(worker, appended),
    async close() {
      if (closing) return;
      closing = true;
      progress.close();
      if (failure) return;
      const ended = once(worker, 'exit');
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
      try {
        await ended;
      } finally {
        calls.fail(new StoreError('closed', 'the projections are closed'));
      }
    },
  };
}

/** One message to the worker for all appends of a turn of the event loop. */
function createNudge(worker: Worker, appended: Progress['appended']): Projections['nudge'] {
  let posted = false;
  return (head) => {
    if (head !== undefined) appended(head);
    if (posted) return;
    posted = true;
    setImmediate(() => {
      posted = false;
      worker.postMessage({ kind: 'nudge' } satisfies ToWorker);
    });
  };
}

interface Calls {
  readonly admin: Admin;
  readonly parked: ParkedSource;
  unknown(): Promise<Record<string, number>>;
  answered(message: FromWorker & { kind: 'answer' }): void;
  fail(error: Error): void;
}

function createCalls(worker: Worker): Calls {
  const open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let last = 0;
  let failed: Error | null = null;
  const call = <T>(method: Asked, args: unknown[]): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (failed) {
        reject(failed);
        return;
      }
      last++;
      open.set(last, { resolve, reject });
      worker.postMessage({ kind: 'call', id: last, method, args } satisfies ToWorker);
    });
  return {
    admin: adminThrough(call),
    parked: {
      list: () => call('parked.list', []),
      ask: (...args) => call('parked.ask', args),
      viewsOf: viewItself,
    },
    unknown: () => call('unknown', []),
    answered({ id, value, error }) {
      const waiting = open.get(id);
      open.delete(id);
      if (error === null) waiting?.resolve(value as never);
      else waiting?.reject(errorOf(error));
    },
    fail(error) {
      failed = error;
      for (const { reject } of open.values()) reject(error);
      open.clear();
    },
  };
}

const errorOf = ({ code, temporary, message }: Failure): Error =>
  code === null ? new Error(message) : new StoreError(code, message, { temporary });

function adminThrough(call: <T>(method: Asked, args: unknown[]) => Promise<T>): Admin {
  const through =
    <M extends keyof Admin>(method: M) =>
    (...args: Parameters<Admin[M]>) =>
      call<Awaited<ReturnType<Admin[M]>>>(method, args);
  return {
    list: through('list'),
    rebuild: through('rebuild'),
    verify: through('verify'),
    pause: through('pause'),
    resume: through('resume'),
    cancel: through('cancel'),
    rollback: through('rollback'),
    drop: through('drop'),
    repair: through('repair'),
    jobs: through('jobs'),
    job: through('job'),
  };
}
