import type { Worker } from 'node:worker_threads';
import { type AppendResult, type NewEvent, StoreError } from '../../../events/event-store.ts';
import { startWorker } from '../../system/worker.ts';
import { type AppendLane, type AppendLaneOptions, createAppendLane } from './append-lane.ts';
import { createSnapshotLane, type SnapshotLane } from './snapshots.ts';
import type { FromWriter, ToWriter, WriterFailure } from './wire.ts';
import type { WritingOptions } from './writing.ts';

/** The calling thread's end of the writer. */
export interface WriterClient {
  readonly epoch: string;
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendResult>;
  saveSnapshot(stream: string, revision: number, state: string): Promise<void>;
  /** True while appends are on their way. */
  committing(): boolean;
  /** Lets what was accepted be written, then ends the thread. */
  close(): Promise<void>;
}

export interface WriterClientOptions extends WritingOptions, Omit<AppendLaneOptions, 'post'> {
  onFatal: (error: StoreError) => void;
}

export async function startWriter(options: WriterClientOptions): Promise<WriterClient> {
  const { file, maxBytes, verify, busyTimeoutMs } = options;
  const data: WritingOptions = { file, maxBytes, verify, busyTimeoutMs };
  const worker = startWorker({ from: import.meta.url, path: './writer-worker', name: 'event-writer', data });
  const epoch = await started(worker);
  const post = (message: ToWriter): void => worker.postMessage(message);
  const appends = createAppendLane({ post, clock: options.clock, onCommitted: options.onCommitted });
  return createClient({ worker, epoch, appends, snapshots: createSnapshotLane(post), onFatal: options.onFatal });
}

function started(worker: Worker): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    const onExit = (): void => reject(new StoreError('unavailable', 'the event writer ended before it began'));
    worker.once('error', reject);
    worker.once('exit', onExit);
    worker.once('message', (message: FromWriter) => {
      worker.off('error', reject);
      worker.off('exit', onExit);
      if (message.kind === 'ready') resolve(message.epoch);
      else if (message.kind === 'failed') reject(storeError(message.failure));
      else reject(new Error(`the event writer began with ${message.kind}`));
    });
  });
}

interface Parts {
  worker: Worker;
  epoch: string;
  appends: AppendLane;
  snapshots: SnapshotLane;
  onFatal: (error: StoreError) => void;
}

function createClient({ worker, epoch, appends, snapshots, onFatal }: Parts): WriterClient {
  let failed: StoreError | null = null;
  let closed: Promise<void> | null = null;

  /** Fail-stop: nothing is accepted any more, as nobody can say what the device did. */
  function fail(error: StoreError): void {
    if (failed) return;
    failed = error;
    appends.abandon(error);
    snapshots.abandon(error);
    onFatal(error);
  }

  function onMessage(message: FromWriter): void {
    if (message.kind === 'appended') appends.appended(message);
    else if (message.kind === 'saved') snapshots.saved(message.ids, message.failure && storeError(message.failure));
    else if (message.kind === 'refused' && !message.failure.fatal) {
      appends.refused(message.appends, storeError(message.failure));
    }
    if ('failure' in message && message.failure?.fatal) fail(storeError(message.failure));
  }

  function onExit(): void {
    if (closed && appends.inFlight() === 0) return;
    fail(new StoreError('unavailable', 'the event writer ended', { temporary: false }));
  }

  async function end(): Promise<void> {
    if (failed) {
      await worker.terminate();
      return;
    }
    appends.drain();
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage({ kind: 'close' } satisfies ToWriter);
    await ended;
  }

  worker.on('message', onMessage);
  worker.on('error', (cause) => {
    fail(new StoreError('unavailable', `the event writer failed: ${cause.message}`, { cause, temporary: false }));
  });
  worker.on('exit', onExit);

  function assertOpen(): void {
    if (closed) throw new StoreError('closed', 'the event store is closed');
    if (failed) throw new StoreError('unavailable', failed.message, { temporary: false });
  }

  return {
    epoch,
    async append(stream, expected, events) {
      assertOpen();
      return appends.append(stream, expected, events);
    },
    async saveSnapshot(stream, revision, state) {
      assertOpen();
      return snapshots.save(stream, revision, state);
    },
    committing: () => appends.inFlight() > 0,
    close() {
      closed ??= end();
      return closed;
    },
  };
}

function storeError({ code, message, fatal }: WriterFailure): StoreError {
  return fatal ? new StoreError(code, message, { temporary: false }) : new StoreError(code, message);
}
