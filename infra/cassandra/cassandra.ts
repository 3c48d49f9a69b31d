/** What adapters over Cassandra are given: one client for each process, its statements prepared, its failures named. */
export interface Cassandra {
  readonly keyspace: string;
  /**
   * A page of rows, LOCAL_QUORUM. `page`: where the one before ended. Throws `StoreError` when that took longer than
   * `READ_DEADLINE_MS`.
   */
  read(query: string, params: Params, options?: { rows?: number; page?: string }): Promise<RowPage>;
  /**
   * Writes rows of one partition, LOCAL_QUORUM, as one batch; again where that failed temporarily, until
   * `WRITE_DEADLINE_MS` are over. Then it throws `StoreError`: some, all or none of the rows may be there.
   */
  write(rows: readonly Statement[]): Promise<void>;
  /** Changes the schema, and resolves when all nodes that can be reached know it. */
  define(statement: string): Promise<void>;
  /** A conditional write: whether it was applied, and otherwise what stands there. Never repeated by itself. */
  decide(query: string, params: Params): Promise<{ applied: boolean; row: Row }>;
  close(): Promise<void>;
}

/** A value that is left out is `undefined`: it is not written. `null` would be a tombstone. */
export type Value = string | number | boolean | readonly string[] | readonly number[] | undefined;
export type Params = readonly Value[];

export interface Statement {
  readonly query: string;
  readonly params: Params;
}

/** Read through `row.ts`. */
export type Row = Readonly<Record<string, unknown>>;

export interface RowPage {
  readonly rows: readonly Row[];
  /** Null where there are no more. */
  readonly next: string | null;
}

/** All rows of a query whose answer is known to be short, however many pages it took. */
export async function readAll(
  cassandra: Cassandra,
  query: string,
  params: Params,
  options: { rows?: number } = {},
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page: string | null = ''; page !== null; ) {
    const read: RowPage = await cassandra.read(query, params, page === '' ? options : { ...options, page });
    rows.push(...read.rows);
    page = read.next;
  }
  return rows;
}

export async function readOne(cassandra: Cassandra, query: string, params: Params): Promise<Row | null> {
  const { rows } = await cassandra.read(query, params, { rows: 1 });
  return rows[0] ?? null;
}
