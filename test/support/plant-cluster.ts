import type { Cassandra, Value } from '../../infra/cassandra/cassandra.ts';
import { allPartitions, rowsIn, type StoredRow } from '../../infra/cassandra/stored-rows.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import type { Seeded } from './seeded.ts';

/** What was done to a row behind the projector's back. */
export type Harm = 'changed' | 'removed' | 'invented';
export const HARMS: readonly Harm[] = ['changed', 'removed', 'invented'];

/** What a verify must name, and nothing else: the table and the key of each row that was touched, and how. */
export type Planted = Map<string, Harm>;

/** What each harm is called in a difference. */
export const CALLED: Record<Harm, RegExp> = {
  changed: /: different: /,
  removed: /: missing$/,
  invented: /: not in the log$/,
};

/** As a difference names it. */
export const placeOf = (table: string, key: string): string => `${table} (${key.slice(1, -1)})`;

interface Counts {
  readonly each: number;
  readonly random: Seeded;
}

/** Rows of chat history and of the chat log, of any of their tables but that of the heads. */
export async function plantHistory(cassandra: Cassandra, { each, random }: Counts): Promise<Planted> {
  const rows: StoredRow[] = [];
  for await (const partition of allPartitions(cassandra)) {
    if (partition.table.name !== 'chat_heads') rows.push(...(await rowsIn(cassandra, partition)));
  }
  const planted: Planted = new Map();
  const changeable = shuffled(
    random,
    rows.filter(({ values }) => values.some((value) => typeof value === 'number')),
  );
  for (const row of changeable.slice(0, each)) {
    const column = row.table.values[row.values.findIndex((value) => typeof value === 'number')] ?? '';
    const was = row.values[row.table.values.indexOf(column)] as number;
    await cassandra.write([
      {
        query: `INSERT INTO ${row.table.name} (${[...row.table.key, column].join(', ')}) VALUES (${row.table.key.map(() => '?').join(', ')}, ?)`,
        params: [...keyOf(row), was + 1],
      },
    ]);
    planted.set(placeOf(row.table.name, row.key), 'changed');
  }
  const others = shuffled(
    random,
    rows.filter((row) => !planted.has(placeOf(row.table.name, row.key))),
  );
  for (const row of others.slice(0, each)) {
    const where = row.table.key.map((column) => `${column} = ?`).join(' AND ');
    await cassandra.write([{ query: `DELETE FROM ${row.table.name} WHERE ${where}`, params: keyOf(row) }]);
    planted.set(placeOf(row.table.name, row.key), 'removed');
  }
  for (const row of others.slice(each, 2 * each)) {
    const key = elsewhere(row);
    const columns = [...row.table.key, ...row.table.values];
    await cassandra.write([
      {
        query: `INSERT INTO ${row.table.name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        params: [...key, ...row.values],
      },
    ]);
    planted.set(placeOf(row.table.name, JSON.stringify(key)), 'invented');
  }
  return planted;
}

const keyOf = ({ key }: StoredRow): Value[] => JSON.parse(key) as Value[];
const FAR = 100_000_000;

/** The same row where none is: its last number, or the chat where there is no number. */
function elsewhere(row: StoredRow): Value[] {
  const key = keyOf(row);
  const at = key.findLastIndex((value) => typeof value === 'number');
  return at < 0 ? [`${String(key[0])}x`, ...key.slice(1)] : key.with(at, (key[at] as number) + FAR);
}

const TABLES = {
  user_chats_chats: {
    key: ['chat_id'],
    change: 'message_count = message_count + 1',
    invent: { chat_id: "chat_id || 'x'" },
  },
  user_chats_memberships: {
    key: ['user_id', 'chat_id'],
    change: 'read_seq = read_seq + 1',
    invent: { user_id: "user_id || 'x'" },
  },
  members_spans: {
    key: ['chat_id', 'user_id', 'from_seq'],
    change: 'since_seq = since_seq + 1',
    invent: { from_seq: `from_seq + ${FAR}` },
  },
  members_frames: {
    key: ['chat_id', 'seq'],
    change: 'member_count = member_count + 1',
    invent: { seq: `seq + ${FAR}` },
  },
  users_users: {
    key: ['user_id'],
    change: "display_name = display_name || 'x'",
    invent: { user_id: "user_id || 'x'" },
  },
} as const;

/** Rows of user chats, members and users, of each of their tables. */
export async function plantViews(postgres: Postgres, { each, random }: Counts): Promise<Planted> {
  const planted: Planted = new Map();
  for (const [table, { key, change, invent }] of Object.entries(TABLES)) {
    const text = `jsonb_build_array(${key.join(', ')})::text`;
    const found = await postgres.query<{ key: string }>(`SELECT ${text} AS key FROM ${table} ORDER BY 1`);
    const keys = shuffled(
      random,
      found.map((row) => row.key),
    );
    const parts = Math.min(each, Math.floor(keys.length / HARMS.length));
    const [changed, removed, copied] = [0, 1, 2].map((n) => keys.slice(n * parts, (n + 1) * parts)) as [
      string[],
      string[],
      string[],
    ];
    const where = `${text} = ANY($1::text[])`;
    const columns = await postgres.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
      [table],
    );
    const values = columns.map(({ name }) => (invent as Record<string, string>)[name] ?? name).join(', ');
    const copies = `INSERT INTO ${table} SELECT ${values} FROM ${table} WHERE ${where} RETURNING ${text} AS key`;
    const invented = await postgres.query<{ key: string }>(copies, [copied]);
    await postgres.execute(`UPDATE ${table} SET ${change} WHERE ${where}`, [changed]);
    await postgres.execute(`DELETE FROM ${table} WHERE ${where}`, [removed]);
    const put = (all: readonly string[], harm: Harm): void => {
      for (const each of all) planted.set(placeOf(table, JSON.stringify(JSON.parse(each))), harm);
    };
    put(changed, 'changed');
    put(removed, 'removed');
    put(
      invented.map((row) => row.key),
      'invented',
    );
  }
  return planted;
}

function shuffled<T>(random: Seeded, all: readonly T[]): T[] {
  const mixed = all.map((each) => ({ each, place: random.next() }));
  return mixed.sort((a, b) => a.place - b.place).map(({ each }) => each);
}
