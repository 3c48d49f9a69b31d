import { existsSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type EventLog, type PackedPages, type ParsedPages, StoreError } from '../../../events/event-store.ts';
import { createFeed, type Feed } from '../../system/feed.ts';
import { type Database, openDatabase } from '../database.ts';
import { readFailure } from './failure.ts';
import { createReader, type Reader } from './reader.ts';
import { readEpoch } from './schema.ts';

/** A log that only reads: for other threads and for verbs beside a running server. */
export interface SqliteEventLog extends EventLog, ParsedPages, PackedPages {
  loadSnapshot(stream: string): Promise<{ revision: number; state: string } | null>;
  /** Looks for new events at once instead of within 25 ms. */
  nudge(): void;
  close(): Promise<void>;
}

export interface ReadingOptions {
  file: string;
  /** Events per page while a subscriber catches up. */
  pageEvents?: number;
  /** Whether own commits are on their way to `feed.committed`. */
  committing?: () => boolean;
  /** Commits of other processes are noticed as the file system tells of them, not only at the next look. */
  watch?: boolean;
  /** Told when the file cannot be read any more. */
  onFatal?: (error: StoreError) => void;
}

export interface Reading extends SqliteEventLog {
  readonly feed: Feed;
}

/** Opens the log in `file`, which must be there already, for reading; follows it while others write. */
export async function openEventLog(options: ReadingOptions): Promise<SqliteEventLog> {
  return openReading(options);
}

export async function openReading(options: ReadingOptions): Promise<Reading> {
  if (!existsSync(options.file)) throw new StoreError('unavailable', `${options.file} does not exist`);
  const database = await openDatabase({ file: options.file, synchronous: 'full', readOnly: true });
  try {
    return createReading(database, options);
  } catch (error) {
    database.close();
    throw readFailure(error);
  }
}

function createReading(database: Database, options: ReadingOptions): Reading {
  const { pageEvents, committing, onFatal } = options;
  const epoch = readEpoch(database);
  const reader = createReader(database);
  let open = true;

  function read<T>(work: (reader: Reader) => T): T {
    if (!open) throw new StoreError('closed', 'the event log is closed');
    try {
      return work(reader);
    } catch (error) {
      const failure = readFailure(error);
      if (failure.code === 'corrupt') onFatal?.(failure);
      throw failure;
    }
  }

  const feed = createFeed({
    read: (after, until, limit) => read((log) => log.readAll({ after, until, limit })),
    head: () => read((log) => log.head()),
    version: () => read((log) => log.version()),
    ...(committing && { committing }),
    ...(pageEvents && { pageEvents }),
  });
  const lookSafely = (): void => {
    try {
      feed.look();
    } catch (error) {
      feed.end(readFailure(error));
    }
  };
  const stopWatching = options.watch ? watchCommits(options.file, lookSafely) : () => undefined;

  return {
    epoch,
    feed,
    readStream: async (stream, page) => read((log) => log.readStream(stream, page)),
    readAll: async (page) => read((log) => log.readAll(page)),
    readParsed: async (page) => read((log) => log.readParsed(page)),
    readPacked: async (page) => read((log) => log.readPacked(page)),
    head: async () => read((log) => log.head()),
    positionBefore: async (time) => read((log) => log.positionBefore(time)),
    loadSnapshot: async (stream) => read((log) => log.loadSnapshot(stream)),
    subscribe: feed.subscribe,
    nudge: feed.look,
    async close() {
      if (!open) return;
      stopWatching();
      feed.end();
      open = false;
      database.close();
    },
  };
}

/** From the first byte of a commit in the write-ahead log until it counts, the disk is waited for: so long is looked again and again. */
const COMMIT_WITHIN_MS = 25;
const COMMIT_LOOK_MS = 1;

/** A commit grows the write-ahead log, which comes and goes: so its folder is watched. Where that cannot be, looks have to do. */
function watchCommits(file: string, look: () => void): () => void {
  const grown = `${basename(file)}-wal`;
  let timer: NodeJS.Timeout | undefined;
  let until = 0;
  const lookOnce = (): void => {
    clearTimeout(timer);
    timer = performance.now() < until ? setTimeout(lookOnce, COMMIT_LOOK_MS).unref() : undefined;
    look();
  };
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_, name) => {
      if (name !== grown) return;
      until = performance.now() + COMMIT_WITHIN_MS;
      lookOnce();
    });
    watcher.on('error', () => watcher.close());
    return () => {
      clearTimeout(timer);
      until = 0;
      watcher.close();
    };
  } catch {
    return () => undefined;
  }
}
