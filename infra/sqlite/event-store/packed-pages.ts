import { FIELD_END, type LogPosition, type PackedPage, type PackedPages } from '../../../events/event-store.ts';
import type { Database, Statement } from '../database.ts';

type Page = [looked: number, position: LogPosition | null, bytes: Uint8Array | null];

const NOTHING = new Uint8Array(0);
const FIELDS = [
  'position',
  'stream',
  'revision',
  'recorded_at',
  'octet_length(metadata)',
  'octet_length(data)',
  'type',
  'hex(event_id) || metadata || data',
];

/** Pages of the log as one piece of bytes: nothing of it becomes a string or an object on the way. */
export function createPackedPages(
  database: Database,
  nameOf: (stream: number) => string,
): (page: Parameters<PackedPages['readPacked']>[0]) => PackedPage {
  const event = FIELDS.join(` || char(${FIELD_END}) || `);
  const statement = (order: '' | 'DESC', last: 'max' | 'min'): Statement<Page> =>
    database.prepare<Page>(
      `SELECT count(*), ${last}(position), CAST(group_concat(${event}, '')
          FILTER (WHERE ?4 IS NULL OR type IN (SELECT value FROM json_each(?4))) AS BLOB) FROM
        (SELECT * FROM events WHERE position > ?1 AND position <= ?2 ORDER BY position ${order} LIMIT ?3)`,
      { arrays: true },
    );
  const forwards = statement('', 'max');
  const backwards = statement('DESC', 'min');
  return ({ after, until = Number.MAX_SAFE_INTEGER, direction, limit, types }) => {
    const wanted = types === undefined ? null : JSON.stringify(types);
    const page = (direction === 'backwards' ? backwards : forwards).get(after, until, limit, wanted);
    const [looked, position, bytes] = page ?? [0, null, null];
    return { looked, position, bytes: bytes ?? NOTHING, nameOf };
  };
}
