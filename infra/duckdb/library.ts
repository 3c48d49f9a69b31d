import type * as DuckDb from '@duckdb/node-api';
import { messageOf } from '../../events/message-of.ts';

export type DuckDbLibrary = typeof DuckDb;
export type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';

/** A query that cannot be run, or that DuckDB refused: the message is for whoever wrote it. */
export class SqlError extends Error {
  readonly code: 'duckdb-missing' | 'sql';
  constructor(code: SqlError['code'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'SqlError';
    this.code = code;
  }
}

/** An optional dependency: 70 MB that only those need who ask in SQL, and not built for every system. */
export async function loadDuckDb(): Promise<DuckDbLibrary> {
  try {
    const library = await import('@duckdb/node-api');
    await keepByteOrderMarks();
    return library;
  } catch (cause) {
    throw new SqlError(
      'duckdb-missing',
      'queries need DuckDB, which is not installed here: `npm install @duckdb/node-api` (an optional dependency of Hindsight)',
      { cause },
    );
  }
}

/**
 * Its one decoder takes U+FEFF at the beginning of a text for a byte order mark and drops it. People paste such texts
 * into chats; they are answered as they were written.
 */
async function keepByteOrderMarks(): Promise<void> {
  const { default: accessors } = (await import('@duckdb/node-api/lib/vectors/dataAccessors.js')) as unknown as {
    default: { textDecoder: InstanceType<typeof TextDecoder> };
  };
  accessors.textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
}

/** Nothing is fetched, not even an extension that a query would need. */
export const OFFLINE = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

export const sqlError = (cause: unknown): SqlError =>
  cause instanceof SqlError ? cause : new SqlError('sql', messageOf(cause), { cause });

/** A text as SQL writes it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
