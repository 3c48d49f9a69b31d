import { type ErrorCode, type Rejection } from '../events/error-codes.ts';
import type { StoreErrorCode } from '../events/event-store.ts';

export const RETRY_AFTER_S = 1;
const RETRY_AFTER_OUTAGE_S = 5;

/** What a failing store means for whoever asked: the one place where operational errors become answers. */
const FROM_STORE: Readonly<Record<StoreErrorCode, Rejection>> = {
  unknown: {
    code: 'unknown',
    detail: 'it may or may not have happened: send the same again',
    retryAfterS: RETRY_AFTER_S,
  },
  busy: { code: 'busy', detail: 'too much at once: try again', retryAfterS: RETRY_AFTER_S },
  unavailable: { code: 'unavailable', detail: 'the store does not answer', retryAfterS: RETRY_AFTER_S },
  full: { code: 'unavailable', detail: 'the store is full', retryAfterS: RETRY_AFTER_OUTAGE_S },
  closed: { code: 'unavailable', detail: 'the server is shutting down', retryAfterS: RETRY_AFTER_OUTAGE_S },
  locked: { code: 'unavailable', detail: 'the store is in use by another process', retryAfterS: RETRY_AFTER_OUTAGE_S },
  corrupt: { code: 'unavailable', detail: 'the store is damaged', retryAfterS: RETRY_AFTER_OUTAGE_S },
};

const INTERNAL: Rejection = { code: 'internal', detail: 'the server failed; the error is in its log' };

/**
 * An error that was thrown, as an answer. Errors are known by `code` and `temporary`, not by their class; whatever
 * else it is, nothing of it leaves the server. The caller logs it where the code is `internal`.
 */
export function fromFailure(error: unknown): Rejection {
  if (typeof error === 'object' && error !== null && 'temporary' in error && 'code' in error) {
    const { code } = error;
    if (typeof code === 'string' && Object.hasOwn(FROM_STORE, code)) return FROM_STORE[code as StoreErrorCode];
  }
  return INTERNAL;
}

/** Seconds for `Retry-After`, where a code calls for one. */
export const retryAfterS = (rejection: Rejection): number | undefined =>
  rejection.retryAfterS ?? (WAITS.has(rejection.code) ? RETRY_AFTER_S : undefined);
const WAITS: ReadonlySet<ErrorCode> = new Set(['rate-limited', 'behind', 'busy', 'unavailable']);
