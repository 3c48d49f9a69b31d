import { isTemporary } from '../../events/event-store.ts';
import { messageOf } from '../../events/message-of.ts';
import { pause } from '../pause.ts';
import {
  type Generations,
  type Job,
  type JobAction,
  type JobEnd,
  type JobEntered,
  type Jobs,
  type JobTold,
  type Lease,
  type Places,
  StaleDriver,
} from './ports.ts';

/** How often whoever drives a job says that it does. */
const BEAT_MS = 500;
/** A driver that was silent for so long is taken to be dead. */
export const DRIVER_DEAD_AFTER_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const AGAIN_MS = 1_000;
/** Nobody reads or feeds any more what was given up so long ago: they look twice a second, and answers take no longer. */
const UNUSED_AFTER_MS = 8_000;

/** Whoever goes on after a kill may know a little less than was done. */
export type Told = JobTold & Pick<JobEntered, 'compared'>;

/** A job under way here. What it throws that is not `temporary` ends it as failed. */
export interface Driven {
  readonly lease: Lease;
  readonly job: Job;
  /** Aborted where the job is to be cancelled, was taken over, or the process ends. */
  readonly signal: AbortSignal;
  /** Said with the next beat. */
  tell(told: Told): void;
  /** Said at once. */
  enter(entered: JobEntered): Promise<void>;
}

/** Begins anew where it was interrupted, as often as need be. Null: it has ended the job itself. */
export type JobWork = (driven: Driven) => Promise<JobEnd | null>;

/** The operator has thought better of it. */
export class Cancelled extends Error {}
/** The process ends: another goes on. */
class Closing extends Error {}

export interface DriverOptions {
  readonly jobs: Jobs;
  readonly generations: Generations;
  readonly places: Places;
  readonly work: Readonly<Record<JobAction, JobWork>>;
  /** Names this process. */
  readonly owner: string;
  readonly onFault: (what: string, error: unknown) => void;
  /** Told of every job that ended here, as it ended: twice where nobody knows who told of it. */
  readonly onEnd?: (job: Job) => void;
}

export interface Driver {
  drive(lease: Lease): void;
  /** Takes over what others have left undone, from now on. */
  adopt(): void;
  close(): Promise<void>;
}

export function createDriver(options: DriverOptions): Driver {
  const { jobs, owner, onFault } = options;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const keep = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  const drive = (lease: Lease): void => keep(driveToEnd(options, lease, closing.signal));

  async function look(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const lease = await jobs.adopt({ driver: owner, idleMs: DRIVER_DEAD_AFTER_MS });
        if (lease) drive(lease);
        await dropOne(options);
      } catch (error) {
        onFault('jobs of the views cannot be looked after', error);
      }
      await pause(LOOK_EVERY_MS, closing.signal);
    }
  }

  return {
    drive,
    adopt: () => keep(look()),
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}

async function dropOne({ generations, places }: DriverOptions): Promise<void> {
  const target = await generations.claimDropped({ idleMs: UNUSED_AFTER_MS });
  if (!target) return;
  await places.drop(target);
  await generations.dropped(target);
}

async function driveToEnd(options: DriverOptions, lease: Lease, closing: AbortSignal): Promise<void> {
  const { jobs, onFault } = options;
  for (;;) {
    try {
      await driveOnce(options, lease, closing);
      return;
    } catch (error) {
      if (error instanceof StaleDriver) return; // it is another's, or has ended
      if (error instanceof Closing)
        return jobs.release(lease).catch((failure) => onFault('a job was not given back', failure));
      onFault(`${lease.job.action} of ${lease.job.name} goes on in a moment`, error);
    }
    await pause(AGAIN_MS, closing);
    if (closing.aborted) return;
  }
}

/** What was ended before, and not told of, is told of; else it is worked on to its end. */
async function driveOnce(options: DriverOptions, lease: Lease, closing: AbortSignal): Promise<void> {
  const job = (await options.jobs.find(lease.job.jobId)) ?? lease.job;
  if (job.state === 'running') await workOn(options, { lease, job }, closing);
  await tellEnd(options, job);
}

async function workOn(
  options: DriverOptions,
  { lease, job }: Pick<Driven, 'lease' | 'job'>,
  closing: AbortSignal,
): Promise<void> {
  const { jobs, work } = options;
  const beating = beat(options, lease, closing);
  try {
    const driven: Driven = { lease, job, signal: beating.signal, tell: beating.tell, enter: beating.enter };
    const end = await Promise.race([work[job.action](driven), beating.over]);
    await beating.end();
    if (end) await jobs.end(lease, end);
  } catch (thrown) {
    await beating.end();
    const error = beating.signal.aborted ? beating.signal.reason : thrown;
    if (error instanceof StaleDriver || error instanceof Closing || isTemporary(error)) throw error;
    const end: JobEnd =
      error instanceof Cancelled
        ? { state: 'cancelled' }
        : { state: 'failed', error: messageOf(error), ...resultOf(error) };
    await giveUp(options, lease, end);
  }
}

async function tellEnd({ jobs, onEnd }: DriverOptions, { jobId }: Job): Promise<void> {
  const ended = await jobs.find(jobId);
  if (ended) onEnd?.(ended);
}

/** What a failed job has found out all the same. */
export class FailedWith extends Error {
  readonly result: NonNullable<JobEnd['result']>;
  constructor(message: string, result: NonNullable<JobEnd['result']>) {
    super(message);
    this.result = result;
  }
}

const resultOf = (error: unknown): Pick<JobEnd, 'result'> =>
  error instanceof FailedWith ? { result: error.result } : {};

async function giveUp({ jobs, generations }: DriverOptions, lease: Lease, end: JobEnd): Promise<void> {
  const { action, asked } = lease.job;
  if (action === 'rebuild') await generations.abandon(lease, asked.targets ?? [], end);
  else await jobs.end(lease, end);
}

/** Says that the job is driven, and how far it is; hears that it is to be cancelled, or another's. */
function beat({ jobs, onFault }: DriverOptions, lease: Lease, closing: AbortSignal) {
  const controller = new AbortController();
  const { signal } = controller;
  let told: Told = {};
  let saying: Promise<void> = Promise.resolve();
  const stop = (): void => controller.abort(new Closing());
  closing.addEventListener('abort', stop, { once: true });
  if (closing.aborted) stop();
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    if (signal.aborted) reject(signal.reason as Error);
  });
  over.catch(() => undefined); // whoever races it hears of it

  async function say(more: JobEntered = {}): Promise<void> {
    const now = told;
    told = {};
    if (await jobs.tell(lease, { ...now, ...more })) controller.abort(new Cancelled());
  }
  const timer = setInterval(() => {
    saying = saying
      .then(() => say())
      .catch((error: unknown) => {
        if (error instanceof StaleDriver) controller.abort(error);
        else onFault('how far a job is cannot be told', error);
      });
  }, BEAT_MS);
  return {
    signal,
    over,
    tell: (more: Told) => {
      told = { ...told, ...more };
    },
    enter: say,
    async end() {
      clearInterval(timer);
      closing.removeEventListener('abort', stop);
      await saying;
    },
  };
}
