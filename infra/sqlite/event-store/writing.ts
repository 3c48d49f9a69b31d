import { statSync } from 'node:fs';
import { StoreError } from '../../../events/event-store.ts';
import { type Database, openDatabase } from '../database.ts';
import { writeFailure } from './failure.ts';
import { prepareSchema } from './schema.ts';
import { createSnapshotQueue, type SnapshotMessage } from './snapshots.ts';
import type { AppendGroup, FromWriter } from './wire.ts';
import { type AppendQueue, createWriter } from './writer.ts';

export interface WritingOptions {
  file: string;
  /** Refuse (`full`) to let the file grow beyond this. */
  maxBytes: number | null;
  /** Check the file's structure before anything else. */
  verify: boolean;
  busyTimeoutMs: number;
}

export interface Writing {
  readonly epoch: string;
  append(group: AppendGroup): void;
  snapshot(message: SnapshotMessage): void;
  /** Commits once and answers it; false when nothing is left to do. */
  work(): boolean;
  /** What can be done while nobody waits. */
  tidy(): void;
  close(): void;
}

/** So many pages in the write-ahead log are moved into the file even under load: 8 MiB, about 20 ms. */
const CHECKPOINT_PAGES = 1_000;
const LAST_CHECKPOINT_WAIT_MS = 200;
/** Checking takes about a second for 1 GB; a bigger file is left to `hindsight doctor`, or no start would be quick. */
const VERIFY_MAX_BYTES = 512 * 1_024 * 1_024;

export async function openWriting(options: WritingOptions, post: (message: FromWriter) => void): Promise<Writing> {
  const { file, busyTimeoutMs } = options;
  const database = await openDatabase({ file, synchronous: 'full', checkpointPages: 0, busyTimeoutMs });
  try {
    assertDurable(database);
    if (options.verify) verify(database);
    const epoch = prepareSchema(database);
    if (options.maxBytes !== null) limitSize(database, options.maxBytes);
    return createWriting({ database, epoch, post });
  } catch (error) {
    database.close();
    throw error;
  }
}

const SYNCHRONOUS_FULL = 2;

interface Parts {
  database: Database;
  epoch: string;
  post: (message: FromWriter) => void;
}

function createWriting({ database, epoch, post }: Parts): Writing {
  const writer = createWriter(database);
  const snapshots = createSnapshotQueue(database, post);
  const checkpoint = createCheckpoint(database);
  const queue: AppendQueue = { groups: [], append: 0, event: 0 };
  let open = true;

  function commit(): void {
    try {
      post(writer.commit(queue));
    } catch (error) {
      const failure = writeFailure(error);
      const appends = queue.groups.reduce((sum, group) => sum + group.streams.length, 0) - queue.append;
      Object.assign(queue, { groups: [], append: 0, event: 0 });
      post({ kind: 'refused', appends, failure });
    }
  }

  return {
    epoch,
    append: (group) => void queue.groups.push(group),
    snapshot: snapshots.add,
    work() {
      if (!open) return false;
      const appends = queue.groups.length > 0;
      if (appends) commit();
      const saved = snapshots.save({ appendsWait: appends });
      checkpoint.whenLarge();
      return appends || saved;
    },
    tidy() {
      if (open) checkpoint.whenIdle();
    },
    close() {
      while (queue.groups.length > 0) commit();
      snapshots.save({ appendsWait: false });
      open = false;
      checkpoint.last();
      database.close();
      post({ kind: 'closed' });
    },
  };
}

/**
 * Moves the write-ahead log into the file. Never by the commit itself, where it would be everyone's wait. What fails
 * here is not lost, only still in the log: the next commit reports what is really broken. A reader that holds on for
 * long lets the log grow meanwhile; writing goes on, and the log starts over when the reader is done.
 */
function createCheckpoint(database: Database) {
  const size = database.prepare<[number, number, number]>('PRAGMA wal_checkpoint(NOOP)', { arrays: true });
  const run = (mode: 'PASSIVE' | 'TRUNCATE'): void => {
    try {
      database.exec(`PRAGMA wal_checkpoint(${mode})`);
    } catch (error) {
      const { fatal } = writeFailure(error);
      if (fatal) throw error;
    }
  };
  let triedAt = 0;
  return {
    whenLarge() {
      const [, pages, done] = size.get() ?? [0, 0, 0];
      if (pages < CHECKPOINT_PAGES) triedAt = 0;
      else if (pages - Math.max(done, triedAt) >= CHECKPOINT_PAGES) {
        run('PASSIVE');
        triedAt = pages;
      }
    },
    whenIdle() {
      const [, pages, done] = size.get() ?? [0, 0, 0];
      if (pages > done) run('PASSIVE');
    },
    /** Leaves one file behind, unless somebody else is using the log. */
    last() {
      database.exec(`PRAGMA busy_timeout = ${LAST_CHECKPOINT_WAIT_MS}`);
      run('TRUNCATE');
    },
  };
}

/** Every promise about an acknowledged event hangs on this one setting. */
function assertDurable(database: Database): void {
  const row = database.prepare<[number]>('PRAGMA synchronous', { arrays: true }).get();
  if (row?.[0] !== SYNCHRONOUS_FULL) throw new Error(`PRAGMA synchronous is ${row?.[0]}, not FULL`);
}

function verify(database: Database): void {
  if (statSync(database.file).size > VERIFY_MAX_BYTES) return;
  const rows = database.prepare<[string]>('PRAGMA quick_check(3)', { arrays: true }).all();
  const found = rows.map(([text]) => text).filter((text) => text !== 'ok');
  if (found.length > 0) throw new StoreError('corrupt', `${database.file} is damaged: ${found.join('; ')}`);
}

function limitSize(database: Database, maxBytes: number): void {
  const row = database.prepare<[number]>('PRAGMA page_size', { arrays: true }).get();
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / (row?.[0] ?? 1)))}`);
}
