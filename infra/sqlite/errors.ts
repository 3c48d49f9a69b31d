/** SQLite's primary result codes that mean something to us (sqlite.org/rescode.html). */
const SQLITE_ERROR = 1;
export const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
/** What a read-only file system says, and below a file that cannot be opened: an operator can mend both. */
export const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
export const SQLITE_FULL = 13;
export const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** Where many rows are read at once, the package for Node 20 says in words alone what SQLite said: these words are SQLite's own. */
const CODES = new Map<string, number>([
  ['SQL logic error', SQLITE_ERROR],
  ['database is locked', SQLITE_BUSY],
  ['database table is locked', SQLITE_LOCKED],
  ['attempt to write a readonly database', SQLITE_READONLY],
  ['disk I/O error', SQLITE_IOERR],
  ['database disk image is malformed', SQLITE_CORRUPT],
  ['database or disk is full', SQLITE_FULL],
  ['unable to open database file', SQLITE_CANTOPEN],
  ['file is not a database', SQLITE_NOTADB],
]);

/** The primary result code of an error that SQLite threw, null for any other error. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  return 'code' in error && error.code === 'ERR_SQLITE_ERROR' ? (CODES.get(error.message) ?? null) : null;
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

/** A statement does not fit what the file holds: a table or a column is not there. */
export const isMisfit = (error: unknown): boolean => sqliteCode(error) === SQLITE_ERROR;

/** The device failed. Whether a commit reached it is unknown, and only a fresh process may look again. */
export const isIoFailure = (error: unknown): boolean => sqliteCode(error) === SQLITE_IOERR;
