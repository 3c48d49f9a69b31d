import type { Snapshots } from '../../../commands/ports.ts';
import type { EventStore, PackedPages, StoreError } from '../../../events/event-store.ts';
import { assertAppend } from '../../system/assert-append.ts';
import { type Clock, systemClock } from '../../system/clock.ts';
import { openReading, type Reading } from './log.ts';
import { startWriter, type WriterClient } from './writer-client.ts';

export { openEventLog, type SqliteEventLog } from './log.ts';
export { acquireLock, acquireServerLock, isServerLocked, lockHolder } from './server-lock.ts';

export interface SqliteEventStore extends EventStore, PackedPages, Snapshots {
  /** Whether an append is being written. */
  committing(): boolean;
}

export interface SqliteEventStoreOptions {
  file: string;
  clock?: Clock;
  /** The device or the file failed: nothing can be trusted to this process any more, and it should end. Called once. */
  onFatal?: (error: StoreError) => void;
  /** Check the file's structure first (what a server does; files over 512 MiB are left to `hindsight doctor`). */
  verify?: boolean;
  /** The file may grow to this size; then appends are refused as `full`. */
  maxBytes?: number;
  /** How long a write waits for another process that writes. */
  busyTimeoutMs?: number;
}

const BUSY_TIMEOUT_MS = 5_000;

/** Opens, and where it is new makes, the log in `file`. Several processes may write to it at once. */
export async function openSqliteEventStore(options: SqliteEventStoreOptions): Promise<SqliteEventStore> {
  let fatal: StoreError | null = null;
  let reading: Reading | null = null;
  const onFatal = (error: StoreError): void => {
    if (fatal) return;
    fatal = error;
    reading?.feed.end(error);
    options.onFatal?.(error);
  };
  const writer = await startWriter({
    file: options.file,
    clock: options.clock ?? systemClock,
    verify: options.verify ?? false,
    maxBytes: options.maxBytes ?? null,
    busyTimeoutMs: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
    onCommitted(first, position, collect) {
      const feed = reading?.feed;
      feed?.committed(first, position, feed.hasFollowers() ? collect() : []);
    },
    onFatal,
  });
  reading = await openReading({ file: options.file, committing: writer.committing, onFatal }).catch(async (error) => {
    await writer.close();
    throw error;
  });
  return createStore(writer, reading);
}

function createStore(writer: WriterClient, reading: Reading): SqliteEventStore {
  return {
    epoch: writer.epoch,
    async append(stream, expected, events) {
      assertAppend(expected, events);
      return writer.append(stream, expected, events);
    },
    readStream: reading.readStream,
    readAll: reading.readAll,
    readPacked: reading.readPacked,
    head: reading.head,
    positionBefore: reading.positionBefore,
    subscribe: reading.subscribe,
    load: reading.loadSnapshot,
    save: writer.saveSnapshot,
    committing: writer.committing,
    async close() {
      await writer.close();
      await reading.close();
    },
  };
}
