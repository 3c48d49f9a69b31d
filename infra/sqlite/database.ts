import { rmSync } from 'node:fs';
import type * as sqlite from '@photostructure/sqlite';

/**
 * How every SQLite connection of the program is opened. Node's own `node:sqlite` where it is there, the package with
 * the same interface on Node 20.
 */
export type SqlValue = number | bigint | string | Uint8Array | null;

export interface Statement<Row = unknown> {
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
  iterate(...values: SqlValue[]): IterableIterator<Row>;
}

export interface Database {
  readonly file: string;
  /** Rows as objects; with `arrays` as arrays, which is quicker. Integers beyond 2^53 throw when read. */
  prepare<Row = unknown>(sql: string, options?: { arrays?: boolean }): Statement<Row>;
  exec(sql: string): void;
  /** Runs synchronous work in one `BEGIN IMMEDIATE` transaction, rolled back when it throws. */
  transaction<T>(work: () => T): T;
  /** The same over work that waits; whatever else this connection writes meanwhile is part of it. */
  transactionOver<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

export interface OpenOptions {
  file: string;
  /** `full`: a commit is on stable storage when it returns. `normal`: the last commits may be lost with the power. */
  synchronous: 'full' | 'normal' | 'off';
  /** The file must exist already; nothing is written. */
  readOnly?: boolean;
  /** `delete`: no write-ahead log, for a file that is not read and written at once. */
  journal?: 'wal' | 'delete';
  /** How long a statement waits for another connection's lock. */
  busyTimeoutMs?: number;
  /** Pages in the write-ahead log after which a commit also checkpoints; 0: the caller does it. */
  checkpointPages?: number;
  cacheBytes?: number;
}

/** Before this, two connections that write and checkpoint at once could corrupt the file (the WAL-reset bug). */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;
const PAGE_BYTES = 8_192;
const BUSY_TIMEOUT_MS = 5_000;
const CHECKPOINT_PAGES = 2_000;
const CACHE_BYTES = 32 * 1_024 * 1_024;

let loading: Promise<typeof sqlite> | undefined;

export async function openDatabase(options: OpenOptions): Promise<Database> {
  loading ??= load();
  const { DatabaseSync } = await loading;
  const connection = new DatabaseSync(options.file, {
    readOnly: options.readOnly ?? false,
    timeout: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
  });
  try {
    configure(connection, options);
  } catch (error) {
    connection.close();
    throw error;
  }
  return wrap(connection, options.file);
}

async function load(): Promise<typeof sqlite> {
  const module = (builtin() as typeof sqlite | undefined) ?? (await import('@photostructure/sqlite'));
  const probe = new module.DatabaseSync(':memory:');
  const { version } = probe.prepare('SELECT sqlite_version() AS version').get() as { version: string };
  probe.close();
  assertVersion(version);
  return module;
}

/** Node warns that its SQLite is experimental; operators can do nothing about it, so that one warning is dropped. */
function builtin(): unknown {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule?.('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

function assertVersion(version: string): void {
  const found = version.split('.').map(Number);
  for (const [index, wanted] of SQLITE_VERSION_MIN.entries()) {
    const part = found[index] ?? 0;
    if (part > wanted) return;
    if (part < wanted)
      throw new Error(`SQLite ${version} is too old: ${SQLITE_VERSION_MIN.join('.')} or newer is needed`);
  }
}

function configure(connection: sqlite.DatabaseSyncInstance, options: OpenOptions): void {
  const cacheKib = Math.floor((options.cacheBytes ?? CACHE_BYTES) / 1_024);
  connection.exec(`PRAGMA cache_size = -${cacheKib}`);
  // Said on every connection: the mode is stored in the file, the durability is not, and builds differ in its default.
  connection.exec(`PRAGMA synchronous = ${options.synchronous}`);
  if (options.readOnly) return;
  connection.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  connection.exec(`PRAGMA journal_mode = ${options.journal ?? 'wal'}`);
  connection.exec(`PRAGMA wal_autocheckpoint = ${options.checkpointPages ?? CHECKPOINT_PAGES}`);
  connection.exec('PRAGMA foreign_keys = ON');
}

function wrap(connection: sqlite.DatabaseSyncInstance, file: string): Database {
  const begin = connection.prepare('BEGIN IMMEDIATE');
  const commit = connection.prepare('COMMIT');
  return {
    file,
    prepare<Row>(sql: string, { arrays = false } = {}) {
      const statement = connection.prepare(sql);
      if (arrays) statement.setReturnArrays(true);
      return keptWhileIterated(statement as unknown as Statement<Row>);
    },
    exec: (sql) => connection.exec(sql),
    transaction(work) {
      begin.run();
      try {
        const result = work();
        commit.run();
        return result;
      } catch (error) {
        // Some failures (a full disk) roll back by themselves.
        if (connection.isTransaction) connection.exec('ROLLBACK');
        throw error;
      }
    },
    async transactionOver(work) {
      begin.run();
      try {
        const result = await work();
        commit.run();
        return result;
      } catch (error) {
        if (connection.isTransaction) connection.exec('ROLLBACK');
        throw error;
      }
    },
    close() {
      // On Node 20 the file stays open until the statements are collected, and with it what a transaction had locked.
      if (connection.isTransaction) connection.exec('ROLLBACK');
      connection.close();
    },
  };
}

/**
 * An iterator of the package only points at its statement: one that nobody else holds is collected while it is read,
 * and the process reads freed memory.
 */
function keptWhileIterated<Row>(statement: Statement<Row>): Statement<Row> {
  const iterate = statement.iterate.bind(statement);
  // The package's own cannot be assigned to, only hidden.
  return Object.defineProperty(statement, 'iterate', {
    *value(...values: SqlValue[]): IterableIterator<Row> {
      yield* iterate(...values);
    },
  });
}

/** Removes a database and whatever may lie beside it. Does nothing where there is none. */
export function discardDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}
