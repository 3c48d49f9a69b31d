import { existsSync } from 'node:fs';
import { NO_STREAM, type RecordedEvent, START, StoreError } from '../../../events/event-store.ts';
import { publishFile } from '../../disk/publish-file.ts';
import { randomEpoch } from '../../system/ids.ts';
import { type Database, discardDatabase, openDatabase } from '../database.ts';
import { createLogState } from './log-state.ts';
import { CLOCK_STRIDE, createSchema } from './schema.ts';

export interface RestoreOptions {
  /** Must not be there yet. */
  to: string;
  /** In the order of the log, from its first event on. */
  pages: AsyncIterable<readonly RecordedEvent[]>;
  onProgress?: (events: number) => void;
}

export interface Restored {
  epoch: string;
  events: number;
}

/**
 * Makes a log of the events of another: a fresh file with an epoch of its own, so that clients notice. Streams,
 * revisions, ids, texts and times are kept; positions are 1, 2, 3 …, as they were where the other was such a log too.
 * The file appears under its name only once it is whole. Throws `corrupt` where a stream has a gap.
 */
export async function restoreEventLog({ to, pages, onProgress }: RestoreOptions): Promise<Restored> {
  if (existsSync(to)) throw new StoreError('unavailable', `${to} is there already`, { temporary: false });
  const partial = `${to}.partial`;
  discardDatabase(partial);
  const database = await openDatabase({ file: partial, synchronous: 'off', journal: 'delete' });
  try {
    const epoch = randomEpoch();
    createSchema(database, epoch);
    const write = createBulkWriter(database);
    let events: number = START;
    for await (const page of pages) {
      events = database.transaction(() => write(page));
      onProgress?.(events);
    }
    database.close();
    publishFile(partial, to);
    return { epoch, events };
  } catch (error) {
    database.close();
    discardDatabase(partial);
    throw error;
  }
}

/** Adds events at the end; answers the position of the last. */
function createBulkWriter(database: Database): (events: readonly RecordedEvent[]) => number {
  const state = createLogState(database);
  const insert = database.prepare("INSERT INTO events VALUES (?, ?, ?, unhex(?, '-'), ?, ?, ?, ?)");
  const clock = database.prepare('INSERT INTO clock (recorded_max, position) VALUES (?, ?)');
  state.refresh();
  return (events) => {
    for (const { stream, revision, eventId, type, recordedAt, data, metadata } of events) {
      const tail = state.tailOf(stream) ?? state.createStream(stream);
      if (revision !== tail.revision + 1) throw gap(stream, tail.revision, revision);
      tail.revision = revision;
      state.head++;
      state.recordedMax = Math.max(state.recordedMax, recordedAt);
      insert.run(state.head, tail.id, revision, eventId, type, recordedAt, data, metadata);
      if (state.head % CLOCK_STRIDE === 0) clock.run(state.recordedMax, state.head);
    }
    return state.head;
  };
}

const gap = (stream: string, last: number, found: number): StoreError =>
  new StoreError(
    'corrupt',
    `${stream} goes on with revision ${found} ${last === NO_STREAM ? 'and has no revision 0' : `after ${last}`}`,
  );
