import driver from 'cassandra-driver';
import { type Cassandra, type Params, type Row, readAll, type Statement, type Value } from './cassandra.ts';
import { CHAT_HISTORY_TABLES } from './chat-history/tables.ts';
import { CHAT_LOG_TABLES } from './chat-log/tables.ts';

/** A table whose rows follow from the log; the first column of its partition key is the chat. */
export interface ViewTable {
  readonly name: string;
  readonly partition: readonly string[];
  /** The columns of the partition, then the others of the key. */
  readonly key: readonly string[];
  readonly values: readonly string[];
}

/** A row as it was read, or as it would be written. */
export interface StoredRow {
  readonly table: ViewTable;
  /** JSON list of the key's values. */
  readonly key: string;
  readonly values: readonly Value[];
}

export interface StoredPartition {
  readonly table: ViewTable;
  readonly values: Params;
}

const DEFINITION = /^CREATE TABLE IF NOT EXISTS (\w+) \(([\s\S]*?)\)(?: WITH [\s\S]*)?$/;
const PRIMARY = /PRIMARY KEY \(\(([^)]*)\)(?:, ([^)]*))?\)|PRIMARY KEY \((\w+)((?:, \w+)*)\)/;
const COLUMN = /(\w+) (?:text|int|bigint|boolean|timestamp)\b( PRIMARY KEY)?/g;

/** The tables of chat history and of the chat log, that of the heads first. */
export const VIEW_TABLES: readonly ViewTable[] = [...CHAT_HISTORY_TABLES, ...CHAT_LOG_TABLES].map(tableOf);

function tableOf(definition: string): ViewTable {
  const text = definition.replace(/--.*$/gm, '');
  const [, name, body] = DEFINITION.exec(text.trim()) ?? [];
  if (name === undefined || body === undefined) throw new Error(`no definition of a table: ${definition}`);
  const columns = [...body.matchAll(COLUMN)];
  const split = (list = ''): string[] => list.split(',').flatMap((column) => column.trim() || []);
  const [, many, rest, one, others] = PRIMARY.exec(body) ?? [];
  const alone = columns.find(([, , primary]) => primary)?.[1];
  const partition = many === undefined ? [one ?? alone ?? ''] : split(many);
  const key = [...partition, ...split(many === undefined ? others : rest)];
  const values = columns.flatMap(([, column]) => (column && !key.includes(column) ? column : []));
  return { name, partition, key, values };
}

const byName = new Map(VIEW_TABLES.map((table) => [table.name, table]));
const INSERT = /^INSERT INTO (\w+) \(([^)]*)\)\s+VALUES \(([^)]*)\)/;
const inserts = new Map<
  string,
  { table: ViewTable; columns: readonly string[]; literals: readonly (number | null)[] }
>();

/** What a statement of a writer would put there. */
export function rowOf({ query, params }: Statement): StoredRow {
  const { table, columns, literals } = insertOf(query);
  const given: Record<string, Value> = {};
  let next = 0;
  for (const [n, column] of columns.entries()) given[column] = literals[n] ?? params[next++];
  return storedRow(table, given);
}

function insertOf(query: string) {
  const known = inserts.get(query);
  if (known) return known;
  const [, name = '', columns = '', values = ''] = INSERT.exec(query) ?? [];
  const table = byName.get(name);
  if (!table) throw new Error(`no row of a view: ${query}`);
  const literals = values.split(',').map((value) => (value.trim() === '?' ? null : Number(value)));
  const parsed = { table, columns: columns.split(',').map((column) => column.trim()), literals };
  inserts.set(query, parsed);
  return parsed;
}

function storedRow(table: ViewTable, given: Record<string, unknown>): StoredRow {
  const plain = (column: string): Value => plainOf(given[column]);
  return { table, key: JSON.stringify(table.key.map(plain)), values: table.values.map(plain) };
}

/** What is not there is undefined. */
function plainOf(value: unknown): Value {
  if (value === null || value === undefined) return undefined;
  return value instanceof driver.types.Long ? value.toNumber() : (value as Value);
}

export const partitionHolding = ({ table, key }: StoredRow): StoredPartition => ({
  table,
  values: (JSON.parse(key) as Params).slice(0, table.partition.length),
});

/** Of messages that may be long: a page of many would not come within its deadline where the server is busy. */
const PAGE_ROWS = 200;

export async function rowsIn(cassandra: Cassandra, { table, values }: StoredPartition): Promise<StoredRow[]> {
  const { name, key, values: rest, partition } = table;
  const where = partition.map((column) => `${column} = ?`).join(' AND ');
  const query = `SELECT ${[...key, ...rest].join(', ')} FROM ${name} WHERE ${where}`;
  const rows = await readAll(cassandra, query, values, { rows: PAGE_ROWS });
  return rows.map((row) => storedRow(table, row));
}

const PARTITIONS_AT_ONCE = 1_000;

/** Every partition that there is, whoever made it. */
export async function* allPartitions(cassandra: Cassandra): AsyncGenerator<StoredPartition> {
  for (const table of VIEW_TABLES) {
    const query = `SELECT DISTINCT ${table.partition.join(', ')} FROM ${table.name}`;
    for (let page: string | null = ''; page !== null; ) {
      const read: { rows: readonly Row[]; next: string | null } = await cassandra.read(query, [], {
        rows: PARTITIONS_AT_ONCE,
        ...(page !== '' && { page }),
      });
      for (const row of read.rows) yield { table, values: table.partition.map((column) => plainOf(row[column])) };
      page = read.next;
    }
  }
}

/** What was written to it at or before the timestamp is gone, and does not come back. */
export const emptied = ({ table, values }: StoredPartition, timestamp: number): Statement => ({
  query: `DELETE FROM ${table.name} USING TIMESTAMP ? WHERE ${table.partition.map((column) => `${column} = ?`).join(' AND ')}`,
  params: [timestamp, ...values],
});
