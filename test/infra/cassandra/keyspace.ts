import { afterAll, beforeAll, vi } from 'vitest';
import { type Cassandra, type Params, type Row, readAll } from '../../../infra/cassandra/cassandra.ts';
import { type ConnectOptions, connectCassandra } from '../../../infra/cassandra/connect.ts';
import { migrate } from '../../../infra/cassandra/migrations/migrate.ts';
import { freshKeyspace, servers } from '../../support/servers.ts';

/** How the tests' Cassandra is reached; `port` in the place of its own, where something stands in between. */
export function connectOptions(keyspace: string, port = servers().cassandra.port): ConnectOptions {
  const { contactPoints, localDataCenter } = servers().cassandra;
  return { contactPoints: contactPoints.map((host) => `${host}:${port}`), localDataCenter, keyspace };
}

/** Contracts ask thousands of questions, each a round trip or some, of a server that others use too. */
const TEST_TIMEOUT_MS = 180_000;

/** One keyspace with all tables for a file of tests; each test has chats of its own in it. */
export function useKeyspace(): { readonly name: string; readonly cassandra: Cassandra; space(): Space } {
  vi.setConfig({ testTimeout: TEST_TIMEOUT_MS });
  let opened: { name: string; cassandra: Cassandra; drop(): Promise<void> } | null = null;
  let spaces = 0;
  const current = () => {
    if (!opened) throw new Error('the keyspace is there while tests run');
    return opened;
  };
  beforeAll(async () => {
    const { keyspace, drop } = await freshKeyspace();
    const cassandra = await connectCassandra(connectOptions(keyspace));
    await migrate(cassandra, { owner: 'test' });
    opened = { name: keyspace, cassandra, drop };
  });
  afterAll(async () => {
    await opened?.cassandra.close();
    await opened?.drop();
  });
  return {
    get name() {
      return current().name;
    },
    get cassandra() {
      return current().cassandra;
    },
    space: () => spaceOf(current().cassandra, `space ${(spaces += 1)}:`),
  };
}

/** The tables as if they were empty at first, and a test's own: tables take seconds to make. */
export interface Space {
  readonly cassandra: Cassandra;
  over(cassandra: Cassandra): Cassandra;
  dump(): Promise<Record<string, string[]>>;
}

/** Every statement about a chat has the chat as its first parameter, and none asks back for it. */
function spaceOf(cassandra: Cassandra, prefix: string): Space {
  const over = (inner: Cassandra): Cassandra => {
    const inSpace = ([chat, ...rest]: Params): Params => [`${prefix}${String(chat)}`, ...rest];
    return {
      ...inner,
      read: (query, params, options) => inner.read(query, inSpace(params), options),
      write: (rows) => inner.write(rows.map(({ query, params }) => ({ query, params: inSpace(params) }))),
    };
  };
  return { cassandra: over(cassandra), over, dump: () => dump(cassandra, prefix) };
}

const KEYS_OF_NONE: ReadonlySet<string> = new Set(['migrations', 'migration_lock']);

async function dump(cassandra: Cassandra, prefix: string): Promise<Record<string, string[]>> {
  const tables = await readAll(cassandra, 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?', [
    cassandra.keyspace,
  ]);
  const all: Record<string, string[]> = {};
  for (const { table_name: name } of tables) {
    if (typeof name !== 'string' || KEYS_OF_NONE.has(name)) continue;
    const rows = await readAll(cassandra, `SELECT * FROM ${name}`, []);
    const own = rows.filter(({ chat }) => String(chat).startsWith(prefix));
    all[name] = own.map((row) => lineOf(row).replace(prefix, '')).toSorted();
  }
  return all;
}

const lineOf = (row: Row): string =>
  Object.entries(row)
    .map(([column, value]) => `${column}=${String(value)}`)
    .join(' ');
