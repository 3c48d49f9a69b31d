/** SQLite's primary result codes that mean something to us (sqlite.org/rescode.html). */
export const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
export const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** The primary result code of an error that SQLite threw, null for any other error. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** Another connection holds the lock: the same call may succeed later. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** The device is full: nothing was changed, and the same call may succeed later. */
export const isFull = (error: unknown): boolean => sqliteCode(error) === SQLITE_FULL;

/** What the file says cannot be trusted any more. */
export function isCorrupt(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** The device failed. Whether a commit reached it is unknown, and only a fresh process may look again. */
export const isIoFailure = (error: unknown): boolean => sqliteCode(error) === SQLITE_IOERR;
