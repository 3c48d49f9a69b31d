import {
  type AllPage,
  type LogPosition,
  type PackedPage,
  type PackedPages,
  type ParsedEvent,
  type RecordedEvent,
  START,
  type StreamPage,
} from '../../../events/event-store.ts';
import type { Database, Statement } from '../database.ts';
import { createPackedPages } from './packed-pages.ts';
import { createParsedPages } from './parsed-pages.ts';

export interface Reader {
  readStream(stream: string, page: StreamPage): RecordedEvent[];
  readAll(page: AllPage): RecordedEvent[];
  readParsed(page: AllPage): ParsedEvent[] | null;
  readPacked(page: Parameters<PackedPages['readPacked']>[0]): PackedPage;
  head(): LogPosition;
  positionBefore(time: number): LogPosition;
  loadSnapshot(stream: string): { revision: number; state: string } | null;
  /** Changes with every commit of any other connection. */
  version(): number;
}

type EventRow = [
  position: number,
  stream: number,
  revision: number,
  id: string,
  type: string,
  at: number,
  data: string,
  metadata: string,
];

const COLUMNS = 'position, stream, revision, hex(event_id), type, recorded_at, data, metadata';
/** Names of streams kept, so that a page of one chat's events does not look its name up for each. */
const NAMES_MAX = 50_000;

export function createReader(database: Database): Reader {
  const names = createStreamNames(database);
  const events = (sql: string): Statement<EventRow> => database.prepare<EventRow>(sql, { arrays: true });
  const all = events(`SELECT ${COLUMNS} FROM events WHERE position > ? AND position <= ? ORDER BY position LIMIT ?`);
  const allBackwards = events(
    `SELECT ${COLUMNS} FROM events WHERE position > ? AND position <= ? ORDER BY position DESC LIMIT ?`,
  );
  const forwards = events(`SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`);
  const backwards = events(
    `SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision <= ? ORDER BY revision DESC LIMIT ?`,
  );
  const head = database.prepare<[number | null]>('SELECT max(position) FROM events', { arrays: true });
  const version = database.prepare<[number]>('PRAGMA data_version', { arrays: true });
  const snapshot = database.prepare<{ revision: number; state: string }>(
    'SELECT revision, state FROM snapshots WHERE stream = ?',
  );
  const recorded = (row: EventRow): RecordedEvent => ({
    eventId: toUuid(row[3]),
    type: row[4],
    data: row[6],
    metadata: row[7],
    stream: names.nameOf(row[1]),
    revision: row[2],
    position: row[0],
    recordedAt: row[5],
  });

  return {
    readStream(stream, { from, direction = 'forwards', limit }) {
      const id = names.idOf(stream);
      if (id === null) return [];
      const rows =
        direction === 'forwards'
          ? forwards.all(id, from ?? 0, limit)
          : backwards.all(id, from ?? Number.MAX_SAFE_INTEGER, limit);
      return rows.map(recorded);
    },
    readAll: ({ after, until = Number.MAX_SAFE_INTEGER, direction, limit }) =>
      (direction === 'backwards' ? allBackwards : all).all(after, until, limit).map(recorded),
    readParsed: createParsedPages(database, names.nameOf),
    readPacked: createPackedPages(database, names.nameOf),
    head: () => head.get()?.[0] ?? START,
    positionBefore: createTimeIndex(database),
    loadSnapshot(stream) {
      const row = snapshot.get(stream);
      return row ? { revision: row.revision, state: row.state } : null;
    },
    version: () => version.get()?.[0] ?? 0,
  };
}

/** Positions have no gaps here, so the place before the first event at or after a time is that position less one. */
function createTimeIndex(database: Database): (time: number) => LogPosition {
  const stride = database.prepare<[number]>(
    'SELECT position FROM clock WHERE recorded_max < ? ORDER BY recorded_max DESC, position DESC LIMIT 1',
    { arrays: true },
  );
  const first = database.prepare<[number]>(
    'SELECT position FROM events WHERE position > ? AND recorded_at >= ? ORDER BY position LIMIT 1',
    { arrays: true },
  );
  const head = database.prepare<[number | null]>('SELECT max(position) FROM events', { arrays: true });
  return (time) => {
    // The head is read first: an event that is appended in between must lie behind the answer.
    const end = head.get()?.[0] ?? START;
    const from = stride.get(time)?.[0] ?? START;
    const found = first.get(from, time)?.[0];
    return found === undefined ? end : found - 1;
  };
}

function createStreamNames(database: Database) {
  const ids = new Map<string, number>();
  const names = new Map<number, string>();
  const byName = database.prepare<[number]>('SELECT id FROM streams WHERE name = ?', { arrays: true });
  const byId = database.prepare<[string]>('SELECT name FROM streams WHERE id = ?', { arrays: true });

  function remember(id: number, name: string): void {
    if (names.size >= NAMES_MAX) {
      names.clear();
      ids.clear();
    }
    names.set(id, name);
    ids.set(name, id);
  }

  return {
    idOf(name: string): number | null {
      const known = ids.get(name);
      if (known !== undefined) return known;
      const row = byName.get(name);
      if (!row) return null;
      remember(row[0], name);
      return row[0];
    },
    nameOf(id: number): string {
      const known = names.get(id);
      if (known !== undefined) return known;
      const row = byId.get(id);
      if (!row) throw new Error(`events.db: stream ${id} has events and no name`);
      remember(id, row[0]);
      return row[0];
    },
  };
}

function toUuid(hex: string): string {
  const id = hex.toLowerCase();
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`;
}
