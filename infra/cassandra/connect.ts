import type { ConnectionOptions } from 'node:tls';
import driver from 'cassandra-driver';
import { StoreError, type StoreErrorCode } from '../../events/event-store.ts';
import { withDeadline } from '../system/deadline.ts';
import type { Cassandra, Params, Row, RowPage, Statement } from './cassandra.ts';
import { failureOf, isTemporary } from './failures.ts';
import { createGate, type Gate } from './gate.ts';
import { mended } from './mended-driver.ts';

const DEFAULT_PORT = 9_042;
const CONNECT_TIMEOUT_MS = 5_000;
/** One attempt; a connection that is silent for longer is tried again, or another in its place. */
const ATTEMPT_MS = 3_000;
/** A silent connection is noticed after this, also while nothing is asked of it. */
const HEARTBEAT_MS = 5_000;
export const READ_DEADLINE_MS = 6_000;
export const WRITE_DEADLINE_MS = 10_000;
/** Reads are for somebody who waits: one that is refused at once is tried again for so long, and no longer. */
const READ_PATIENCE_MS = 1_500;
const DEFINE_TIMEOUT_MS = 30_000;
const SCHEMA_AGREEMENT_S = 30;
/** The driver bounds nothing itself: more at once only wait in the server, and then time out together. */
export const WRITES_IN_FLIGHT_MAX = 128;
export const READS_IN_FLIGHT_MAX = 256;
export const READS_WAITING_MAX = 10_000;
const RETRY_PAUSE_MIN_MS = 50;
const RETRY_PAUSE_MAX_MS = 1_000;
const RECONNECT_PAUSE_MAX_MS = 2_000;

export interface ConnectOptions {
  /** `host` or `host:port`, all with the same port. */
  contactPoints: readonly string[];
  localDataCenter: string;
  /** Made where it is missing, with so many replicas in the local data centre (default 1). */
  keyspace: string;
  replication?: number;
  username?: string;
  password?: string;
  tls?: boolean | ConnectionOptions;
}

/**
 * The one client of a process. Throws `StoreError`: `temporary` where Cassandra does not answer, not so where it lets
 * nobody in.
 */
export async function connectCassandra(options: ConnectOptions): Promise<Cassandra> {
  const { keyspace } = options;
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) throw new Error(`${keyspace} is no name of a keyspace`);
  const client = mended(new driver.Client(clientOptions(options)));
  try {
    await client.connect();
    await ensureKeyspace(client, options);
    await enter(client, keyspace);
  } catch (error) {
    await client.shutdown();
    throw failureOf(error, 'read');
  }
  return overClient(client, keyspace);
}

export function clientOptions(options: ConnectOptions): driver.ClientOptions {
  const { contactPoints, localDataCenter, username, password, tls } = options;
  const port = Number(/:(\d+)$/.exec(contactPoints[0] ?? '')?.[1] ?? DEFAULT_PORT);
  const { localQuorum, localSerial } = driver.types.consistencies;
  return {
    contactPoints: [...contactPoints],
    localDataCenter,
    // Nodes that are found by way of others are taken to listen on this port too.
    protocolOptions: { port, maxSchemaAgreementWaitSeconds: SCHEMA_AGREEMENT_S },
    // The driver's own default is LOCAL_ONE.
    queryOptions: { consistency: localQuorum, serialConsistency: localSerial, prepare: true, isIdempotent: true },
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout: ATTEMPT_MS },
    pooling: { heartBeatInterval: HEARTBEAT_MS },
    policies: {
      reconnection: new driver.policies.reconnection.ExponentialReconnectionPolicy(
        RETRY_PAUSE_MIN_MS,
        RECONNECT_PAUSE_MAX_MS,
        false,
      ),
    },
    ...(username !== undefined && { credentials: { username, password: password ?? '' } }),
    ...(tls && { sslOptions: { rejectUnauthorized: true, ...(tls === true ? {} : tls) } }),
  };
}

/** Looked for first: where it was made beforehand, nobody needs the right to make one. */
async function ensureKeyspace(client: driver.Client, options: ConnectOptions): Promise<void> {
  const { keyspace, localDataCenter, replication = 1 } = options;
  const found = await client.execute('SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?', [
    keyspace,
  ]);
  if (found.rowLength > 0) return;
  const place = localDataCenter.replaceAll("'", "''");
  await client.execute(
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace}
      WITH replication = {'class': 'NetworkTopologyStrategy', '${place}': ${replication}}`,
    [],
    { prepare: false, readTimeout: DEFINE_TIMEOUT_MS },
  );
}

/** For every connection from now on. A keyspace that another process is making is listed before it can be entered. */
async function enter(client: driver.Client, keyspace: string): Promise<void> {
  for (const until = performance.now() + DEFINE_TIMEOUT_MS; ; ) {
    try {
      await client.execute(`USE ${keyspace}`, [], { prepare: false });
      return;
    } catch (error) {
      const missing = error instanceof Error && error.message.includes('does not exist');
      if (!missing || performance.now() >= until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MIN_MS));
  }
}

function overClient(client: driver.Client, keyspace: string): Cassandra {
  const reads = createGate({ limit: READS_IN_FLIGHT_MAX, waitingMax: READS_WAITING_MAX });
  const writes = createGate({ limit: WRITES_IN_FLIGHT_MAX, waitingMax: Number.POSITIVE_INFINITY });
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new StoreError('closed', 'the connection to Cassandra is closed');
  };
  return {
    keyspace,
    async read(query, params, { rows, page } = {}) {
      assertOpen();
      return readPage({ client, gate: reads }, { query, params, rows, page });
    },
    async write(rows) {
      assertOpen();
      const [first] = rows;
      if (!first) return;
      const attempt =
        rows.length === 1 ? () => client.execute(first.query, [...first.params]) : () => batch(client, rows);
      const patience = { ms: WRITE_DEADLINE_MS, patienceMs: WRITE_DEADLINE_MS, code: 'unknown' } as const;
      await writes.run(() => stubbornly(() => named('write', attempt()), patience));
    },
    async define(statement) {
      assertOpen();
      const { info } = await named(
        'write',
        client.execute(statement, [], { prepare: false, readTimeout: DEFINE_TIMEOUT_MS }),
      );
      if (!(info as { isSchemaInAgreement?: boolean }).isSchemaInAgreement)
        throw new StoreError('unknown', 'the nodes do not agree on the schema yet');
    },
    async decide(query, params) {
      assertOpen();
      const result = await named('write', client.execute(query, [...params], { isIdempotent: false }));
      const row = result.first() as unknown as Row;
      return { applied: row['[applied]'] === true, row };
    },
    async close() {
      if (closed) return;
      closed = true;
      await client.shutdown();
    },
  };
}

interface PageAsked {
  query: string;
  params: Params;
  rows: number | undefined;
  page: string | undefined;
}

async function readPage(
  { client, gate }: { client: driver.Client; gate: Gate },
  { query, params, rows, page }: PageAsked,
): Promise<RowPage> {
  const options = { ...(rows !== undefined && { fetchSize: rows }), ...(page !== undefined && { pageState: page }) };
  const attempt = () => gate.run(() => named('read', client.execute(query, [...params], options)));
  const result = await stubbornly(attempt, { ms: READ_DEADLINE_MS, patienceMs: READ_PATIENCE_MS, code: 'unavailable' });
  return { rows: result.rows as unknown as Row[], next: result.pageState ?? null };
}

const batch = (client: driver.Client, rows: readonly Statement[]): Promise<unknown> =>
  client.batch(rows as unknown as { query: string; params: unknown[] }[], { logged: false });

interface Patience {
  /** For all attempts together. */
  ms: number;
  /** After this no attempt follows one that failed. */
  patienceMs: number;
  /** Of the error where no answer came in time. */
  code: StoreErrorCode;
}

/**
 * Repeats what failed temporarily: every statement here may be. Between two attempts other work gets its turn, that of
 * the driver too: while it has no connection it refuses at once, and a caller in a loop would keep it from making one.
 */
async function stubbornly<T>(attempt: () => Promise<T>, { ms, patienceMs, code }: Patience): Promise<T> {
  const began = performance.now();
  for (let pause = RETRY_PAUSE_MIN_MS; ; pause = Math.min(pause * 2, RETRY_PAUSE_MAX_MS)) {
    try {
      const left = Math.max(1, began + ms - performance.now());
      // The driver has time-outs of its own, for each attempt and not for all of it.
      return await withDeadline(
        attempt(),
        left,
        () => new StoreError(code, `Cassandra: no answer within ${Math.round(left)} ms`),
      );
    } catch (error) {
      if (!isTemporary(error) || performance.now() + pause >= began + patienceMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function named<T>(doing: 'read' | 'write', request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw failureOf(error, doing);
  }
}
