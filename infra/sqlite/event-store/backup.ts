import { existsSync, rmSync } from 'node:fs';
import { StoreError } from '../../../events/event-store.ts';
import { randomEpoch } from '../../system/ids.ts';
import { startWorker } from '../../system/worker.ts';
import { publishFile } from '../copy.ts';
import { type Database, openDatabase } from '../database.ts';
import { createReader } from './reader.ts';
import { createSchema, readEpoch } from './schema.ts';

/** Copies the log in `from` to `to`, consistent while it is written to, on another thread. */
export function backupEventLog(from: string, to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = startWorker({ from: import.meta.url, path: './backup-worker', name: 'backup', data: { from, to } });
    worker.once('message', () => resolve());
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new StoreError('unavailable', `the backup ended with code ${code}`)));
  });
}

export interface RestoreOptions {
  /** A backup, or any event log. */
  from: string;
  /** Must not be there yet. */
  to: string;
  /** Keep events up to a position, inclusive, or all before the first that was recorded after a time (ms); default all. */
  until?: { position: number } | { time: number };
  onProgress?: (done: number, total: number) => void;
}

export interface Restored {
  epoch: string;
  events: number;
}

const SLICE_EVENTS = 50_000;

/** Makes a new log of the first events of another: a fresh file with an epoch of its own, so that clients notice. */
export async function restoreEventLog(options: RestoreOptions): Promise<Restored> {
  const { from, to } = options;
  if (existsSync(to)) throw new StoreError('unavailable', `${to} is there already`, { temporary: false });
  const end = await findEnd(options);
  const partial = `${to}.partial`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${partial}${suffix}`, { force: true });
  const database = await openDatabase({ file: partial, synchronous: 'off', journal: 'delete' });
  try {
    database.prepare('ATTACH ? AS source').run(from);
    const epoch = randomEpoch();
    createSchema(database, epoch);
    copyEvents(database, end, options.onProgress);
    database.exec('DETACH source');
    database.close();
    publishFile(partial, to);
    return { epoch, events: end };
  } catch (error) {
    database.close();
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Positions have no gaps here, so the last one is also how many events there are. */
async function findEnd({ from, until }: RestoreOptions): Promise<number> {
  if (!existsSync(from)) throw new StoreError('unavailable', `${from} does not exist`, { temporary: false });
  const source = await openDatabase({ file: from, synchronous: 'off', readOnly: true });
  try {
    readEpoch(source);
    const reader = createReader(source);
    const head = reader.head();
    if (!until) return head;
    return Math.min(head, 'position' in until ? until.position : reader.positionBefore(until.time + 1));
  } finally {
    source.close();
  }
}

function copyEvents(database: Database, end: number, onProgress: RestoreOptions['onProgress']): void {
  // Snapshots may be of later revisions; they are made anew.
  const events = database.prepare(
    'INSERT INTO main.events SELECT * FROM source.events WHERE position > ? AND position <= ? ORDER BY position',
  );
  const streams = database.prepare(
    `INSERT OR IGNORE INTO main.streams SELECT * FROM source.streams WHERE id IN
     (SELECT stream FROM source.events WHERE revision = 0 AND position > ? AND position <= ?)`,
  );
  for (let after = 0; after < end; after += SLICE_EVENTS) {
    const until = Math.min(end, after + SLICE_EVENTS);
    database.transaction(() => {
      streams.run(after, until);
      events.run(after, until);
    });
    onProgress?.(until, end);
  }
  database.prepare('INSERT INTO main.clock SELECT * FROM source.clock WHERE position <= ?').run(end);
}
