import { Socket } from 'node:net';
import pg from 'pg';
import { failureOf, isRefusal } from './failures.ts';
import { toText } from './types.ts';

/** Longest wait for a connection, a free one or a new one. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A statement runs no longer than this; a lock is waited for no longer than that. */
export const STATEMENT_TIMEOUT_MS = 15_000;
const LOCK_TIMEOUT_MS = 5_000;
/** A transaction whose client has stopped (or was paused) lets go of its locks. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/** What the server's own limit did not end, the peer does not answer at all: its connection is given up. */
const ANSWER_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
/** How long `close` waits for goodbyes. */
const CLOSE_TIMEOUT_MS = 2_000;
export const POSTGRES_CONNECTIONS_MAX = 10;

type Values = readonly unknown[];

/**
 * Statements with their values as `$1, $2 …`. Rows come as objects: `bigint` as a number, times as text. Errors are
 * `StoreError`, but for a statement that can never succeed (a broken invariant): that one comes as it is.
 */
export interface Session {
  query<Row extends object>(statement: string | Statement, values?: Values): Promise<Row[]>;
  /** How many rows it has changed. */
  execute(statement: string | Statement, values?: Values): Promise<number>;
}

/** A statement that is planned once for each connection: for reads by a whole key, whose plan cannot go stale. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A statement with its values. */
export interface Bound {
  readonly statement: string | Statement;
  readonly values: Values;
}

export interface Postgres extends Session {
  /**
   * All of them or nothing, sent in one go with the commit: the quickest way to write, for statements that need no
   * answer. After one that fails none is run. Each is asked for when those before it are on their way.
   */
  atomically(statements: Iterable<Bound>): Promise<void>;
  /**
   * All of `work` or nothing. Statements need not be awaited one by one: they are sent at once and run in order.
   * A commit whose answer is lost throws `unknown`: what it wrote tells whether it happened.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface PostgresOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly max?: number;
  /** The schema that statements mean, and no other; the connection's own where left out. */
  readonly schema?: string;
  readonly timeouts?: Partial<Timeouts>;
  /** Told of connections that were lost; whoever used one gets an error besides. */
  readonly onFault?: (what: string, error: unknown) => void;
}

export interface Timeouts {
  readonly connectMs: number;
  readonly statementMs: number;
  readonly lockMs: number;
  readonly idleInTransactionMs: number;
  readonly answerMs: number;
}

/** Connects with the first statement: a server that is not there yet is an error of that statement, not of this call. */
export function openPostgres(options: PostgresOptions): Postgres {
  const { onFault = () => undefined } = options;
  const sockets = new Set<Socket>();
  const pool = new pg.Pool({ ...configuration(options), stream: () => tracked(sockets) });
  // The pool stops listening to a connection while it is in use, so each has a listener of its own for all its life.
  pool.on('connect', (client) => client.on('error', (error) => onFault('a connection to Postgres was lost', error)));
  pool.on('error', () => undefined); // of idle connections, of which the listener above has told
  let closing: Promise<void> | undefined;

  return {
    query: async (statement, values) => (await onOwn(pool, statement, values)).rows,
    execute: async (statement, values) => (await onOwn(pool, statement, values)).rowCount ?? 0,
    atomically: (statements) => inOneGo(pool, statements),
    transaction: (work) => inTransaction(pool, work),
    close: () => (closing ??= close(pool, sockets)),
  };
}

/** As the pool takes it: awaited before anybody is given the connection. */
type PoolConfig = pg.PoolConfig & { onConnect?: (client: pg.PoolClient) => Promise<unknown> };

function configuration({
  url,
  applicationName,
  max = POSTGRES_CONNECTIONS_MAX,
  schema,
  timeouts = {},
}: PostgresOptions): PoolConfig {
  return {
    // By a statement, not by a parameter: an address may have parameters of its own, and those would win.
    ...(schema !== undefined && {
      onConnect: (client) => client.query("SELECT set_config('search_path', quote_ident($1), false)", [schema]),
    }),
    connectionString: url,
    application_name: applicationName,
    max,
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    connectionTimeoutMillis: timeouts.connectMs ?? CONNECT_TIMEOUT_MS,
    statement_timeout: timeouts.statementMs ?? STATEMENT_TIMEOUT_MS,
    lock_timeout: timeouts.lockMs ?? LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: timeouts.idleInTransactionMs ?? IDLE_IN_TRANSACTION_TIMEOUT_MS,
    query_timeout: timeouts.answerMs ?? ANSWER_TIMEOUT_MS,
    types: { getTypeParser: toText },
  };
}

function tracked(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  return socket;
}

/** One statement as a transaction of its own. Where its answer is lost it may or may not have happened. */
async function onOwn(pool: pg.Pool, statement: string | Statement, values: Values = []): Promise<pg.QueryResult> {
  const client = await connected(pool);
  try {
    const result = await client.query(config(statement, values));
    client.release();
    return result;
  } catch (error) {
    client.release(isRefusal(error) ? undefined : asError(error));
    throw failureOf(error, 'unknown');
  }
}

async function inOneGo(pool: pg.Pool, statements: Iterable<Bound>): Promise<void> {
  const client = await connected(pool);
  const sent: Promise<unknown>[] = [client.query('BEGIN')];
  let end = 'COMMIT'; // of a transaction that has failed, too
  try {
    for (const { statement, values } of statements) sent.push(client.query(config(statement, values)));
  } catch (error) {
    end = 'ROLLBACK';
    sent.push(Promise.reject(error));
  }
  sent.push(client.query(end));
  const answers = await Promise.allSettled(sent);
  const failure = answers.find((answer) => answer.status === 'rejected');
  if (!failure) return client.release();
  client.release(isRefusal(failure.reason) ? undefined : asError(failure.reason));
  throw failureOf(failure.reason, 'unknown'); // the commit was sent before anything had failed
}

async function inTransaction<T>(pool: pg.Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await connected(pool);
  const session = sessionOf(client);
  let result: T;
  try {
    [, result] = await Promise.all([session.execute('BEGIN'), work(session)]);
    session.end();
  } catch (error) {
    session.end();
    await rollBack(client);
    throw error;
  }
  try {
    const { command } = await client.query('COMMIT');
    // The server answers the commit of a failed transaction with its opposite.
    if (command !== 'COMMIT') throw new Error('a statement had failed, and nobody heard of it: nothing was committed');
    client.release();
  } catch (error) {
    client.release(asError(error));
    throw failureOf(error, 'unknown');
  }
  return result;
}

/** What is left of the transaction's work must not reach a connection that is somebody else's by then. */
function sessionOf(client: pg.PoolClient): Session & { end(): void } {
  let over = false;
  const run = async (statement: string | Statement, values: Values = []): Promise<pg.QueryResult> => {
    if (over) throw new Error('the transaction is over');
    try {
      return await client.query(config(statement, values));
    } catch (error) {
      throw failureOf(error, 'unavailable'); // before the commit: nothing of it is there
    }
  };
  return {
    query: async (statement, values) => (await run(statement, values)).rows,
    execute: async (statement, values) => (await run(statement, values)).rowCount ?? 0,
    end() {
      over = true;
    },
  };
}

/** A connection that cannot even do this is thrown away; the server ends its transaction. */
async function rollBack(client: pg.PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch (error) {
    client.release(asError(error));
  }
}

async function connected(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw failureOf(error, 'unavailable');
  }
}

/** Resolves when no connection is left, so that the process can end by itself. */
async function close(pool: pg.Pool, sockets: Set<Socket>): Promise<void> {
  // A peer that has fallen silent says no goodbye either.
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, CLOSE_TIMEOUT_MS);
  await pool.end();
  await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  clearTimeout(timer);
}

const config = (statement: string | Statement, values: Values): pg.QueryConfig =>
  typeof statement === 'string'
    ? { text: statement, values: values as unknown[] }
    : { ...statement, values: values as unknown[] };

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
