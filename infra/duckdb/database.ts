import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventsLoader, eventsLoader } from './fill.ts';
import {
  type DuckDBConnection,
  type DuckDBInstance,
  type DuckDbLibrary,
  loadDuckDb,
  OFFLINE,
  sqlError,
} from './library.ts';
import { TABLES, VIEWS } from './schema.ts';
import { type SqlValue, valueReader } from './values.ts';

export interface SqlColumn {
  readonly name: string;
  /** As DuckDB calls it: `BIGINT`, `TIMESTAMP`, `VARCHAR[]`. */
  readonly type: string;
}

export interface SqlResult {
  readonly columns: readonly SqlColumn[];
  /** Pages of rows, read as they are taken. */
  rows(): AsyncGenerator<SqlValue[][]>;
}

export interface SqlDatabase {
  /** Throws `SqlError`, also where it is several queries: whose answer was meant cannot be told. */
  query(sql: string): Promise<SqlResult>;
  close(): void;
}

export interface SqlOptions {
  /** As DuckDB takes it, `512MB`; null: four fifths of the machine's. What does not fit is put on disk. */
  memoryLimit: string | null;
  signal: AbortSignal;
  fill(load: EventsLoader): Promise<void>;
}

/**
 * The events as tables, in a file of its own that goes with the last query. It is filled, and then opened again so that
 * a query can write nothing, reach no other file and no network, and change no setting.
 */
export async function openSqlDatabase(options: SqlOptions): Promise<SqlDatabase> {
  const duckdb = await loadDuckDb();
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-query-'));
  const file = join(folder, 'events.duckdb');
  const settings = {
    ...OFFLINE,
    temp_directory: join(folder, 'spilled'),
    ...(options.memoryLimit !== null && { memory_limit: options.memoryLimit }),
  };
  try {
    await filled(duckdb, { file, folder, settings, options });
    const locked = { ...settings, access_mode: 'READ_ONLY', enable_external_access: 'false' };
    const opened = await open(duckdb, file, locked);
    await opened.connection.run("SET TimeZone = 'UTC'; SET lock_configuration = true");
    const interrupt = (): void => opened.connection.interrupt();
    options.signal.addEventListener('abort', interrupt);
    return {
      query: (sql) => query(duckdb, opened.connection, sql),
      close() {
        options.signal.removeEventListener('abort', interrupt);
        opened.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Place {
  file: string;
  folder: string;
  settings: Record<string, string>;
  options: SqlOptions;
}

async function filled(duckdb: DuckDbLibrary, { file, folder, settings, options }: Place): Promise<void> {
  const { connection, close } = await open(duckdb, file, settings);
  try {
    for (const statement of TABLES) await connection.run(statement);
    await options.fill(eventsLoader(connection, folder));
    for (const statement of VIEWS) await connection.run(statement);
  } finally {
    close();
  }
}

interface Opened {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  close(): void;
}

async function open(duckdb: DuckDbLibrary, file: string, settings: Record<string, string>): Promise<Opened> {
  try {
    const instance = await duckdb.DuckDBInstance.create(file, settings);
    const connection = await instance.connect();
    return {
      instance,
      connection,
      close() {
        connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    throw sqlError(error);
  }
}

async function query(duckdb: DuckDbLibrary, connection: DuckDBConnection, sql: string): Promise<SqlResult> {
  const read = valueReader(duckdb);
  try {
    const { count } = await connection.extractStatements(sql);
    if (count > 1) throw new Error(`these are ${count} queries: ask them one at a time`);
    const result = await connection.stream(sql);
    const names = result.deduplicatedColumnNames();
    const columns = names.map((name, index) => ({ name, type: String(result.columnType(index)) }));
    return {
      columns,
      async *rows() {
        try {
          for await (const page of result.yieldRows()) yield page.map((row) => row.map(read));
        } catch (error) {
          throw sqlError(error);
        }
      },
    };
  } catch (error) {
    throw sqlError(error);
  }
}
