import { StoreError } from '../../../events/event-store.ts';
import type { StoreFault } from '../../../projections/runner/ports.ts';
import {
  isBusy,
  isCorrupt,
  isFull,
  isIoFailure,
  isMisfit,
  SQLITE_CANTOPEN,
  SQLITE_READONLY,
  sqliteCode,
} from '../errors.ts';

/** What an error says of the file: it is built afresh, or it passes, or an operator mends it. Null: none of these. */
export function faultOf(error: unknown): StoreFault | null {
  if (isCorrupt(error)) return 'corrupt';
  const code = sqliteCode(error);
  const mendable = isBusy(error) || isFull(error) || isIoFailure(error);
  return mendable || code === SQLITE_READONLY || code === SQLITE_CANTOPEN ? 'temporary' : null;
}

/** What an error means to whoever asked. One that no other try can mend, as it is none of the file's, stays what it is. */
export function viewsFailure(error: unknown): unknown {
  if (faultOf(error) === null && !isGone(error)) return error;
  const code = isBusy(error) ? 'busy' : isFull(error) ? 'full' : 'unavailable';
  return new StoreError(code, `the views cannot be used: ${String(error)}`, { cause: error });
}

/** The generation that was read was dropped meanwhile: the next call reads another. */
const isGone = (error: unknown): boolean =>
  isMisfit(error) && error instanceof Error && error.message.startsWith('no such table');
