import pg from 'pg';
import { StoreError, type StoreErrorCode } from '../../events/event-store.ts';
import { RefusedRows } from '../../projections/partitions/ports.ts';

/** SQLSTATEs (postgresql.org/docs/current/errcodes-appendix.html) after which the same call may succeed. */
const BY_STATE: Readonly<Record<string, StoreErrorCode>> = {
  '40001': 'busy', // serialization failure
  '40P01': 'busy', // deadlock
  '55P03': 'busy', // lock timeout
  '57014': 'busy', // statement timeout
  '53000': 'busy', // out of some resource
  '53200': 'busy', // out of memory
  '53100': 'full',
  '53300': 'unavailable', // too many connections
  '25006': 'unavailable', // read only: a standby, or a server that is being replaced
  '25P03': 'unavailable', // the transaction was idle for too long
  '58000': 'unavailable', // its system failed
  '58030': 'unavailable', // its disk failed
  XX001: 'corrupt',
  XX002: 'corrupt',
};
/** Whole classes: the connection failed; an operator (or a crash) ends the server. */
const BY_CLASS: Readonly<Record<string, 'lost'>> = { '08': 'lost', '57': 'lost' };
/** What pg itself says of connections, without any code. */
const LOST =
  /connection terminated|connection error|not queryable|read timeout|timeout exceeded when trying to connect|closed the connection/i;
const CLOSED = /after calling end on the pool/;
const SOCKET = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|EADDR|ERR_STREAM|ERR_SOCKET)/;

/** The server has refused a statement, and the connection is as good as before. */
export const isRefusal = (error: unknown): boolean => error instanceof pg.DatabaseError && error.severity === 'ERROR';

/** Classes of what no second try mends: a value the server does not know or take, a broken constraint, a key too long. */
const UNHOLDABLE = /^(22|23|54)/;

/** Runs what reads or writes rows for a batch: whatever the server will never hold is `RefusedRows`. */
export async function holding<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !UNHOLDABLE.test(error.code ?? '')) throw error;
    throw new RefusedRows(`Postgres: ${error.message}`, { cause: error });
  }
}

/** What it is to users of a port; `lost` says what a lost connection means here. Any other error comes as it is. */
export function failureOf(error: unknown, lost: 'unknown' | 'unavailable'): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const code = codeOf(error, lost);
  return code === null ? error : new StoreError(code, `Postgres: ${error.message}`, { cause: error });
}

function codeOf(error: Error, lost: 'unknown' | 'unavailable'): StoreErrorCode | null {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof pg.DatabaseError) {
    return BY_STATE[code] ?? (BY_CLASS[code.slice(0, 2)] === 'lost' ? lost : null);
  }
  if (CLOSED.test(error.message)) return 'closed';
  return SOCKET.test(code) || LOST.test(error.message) ? lost : null;
}
