import driver from 'cassandra-driver';
import { StoreError } from '../../events/event-store.ts';
import { RefusedRows } from '../../projections/partitions/ports.ts';

const { errors, types } = driver;
const codes = types.responseErrorCodes;

/** What a coordinator answers while it, or too many replicas, cannot serve. */
const OUTAGES: ReadonlySet<number> = new Set([
  codes.serverError,
  codes.unavailableException,
  codes.overloaded,
  codes.isBootstrapping,
  codes.truncateError,
  codes.readTimeout,
  codes.readFailure,
]);
/** The write may have happened, or may happen later. */
const UNSURE: ReadonlySet<number> = new Set([codes.writeTimeout, codes.writeFailure]);
const FORBIDDEN: ReadonlySet<number> = new Set([codes.badCredentials, codes.unauthorized]);

/** Of `invalid`: the server's limits of a mutation and of a request. What else is invalid is a mistake of ours. */
const TOO_LARGE = /oversized mutation|request is too big/i;

/** What the driver says in plain words while it has no connection. */
const UNCONNECTED =
  /no connection available|connection closed|no active connection|connection timeout|connection reference has been lost/i;

/**
 * A driver's error as one that says whether the same call may succeed later. What is left as it was is a mistake of
 * ours: a statement that the server does not understand.
 */
export function failureOf(error: unknown, doing: 'read' | 'write'): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const uncertain = doing === 'write' ? 'unknown' : 'unavailable';
  if (error instanceof errors.OperationTimedOutError) return failure(uncertain, error);
  if (error instanceof errors.BusyConnectionError) return failure('busy', error);
  if (error instanceof errors.AuthenticationError) return refused(error);
  if (error instanceof errors.NoHostAvailableError) {
    const inner = Object.values(error.innerErrors ?? {});
    if (inner.some((each) => each instanceof errors.AuthenticationError)) return refused(error);
    // Of another data centre than the settings say: that does not pass.
    const [misled] = inner.filter((each) => each instanceof errors.ArgumentError);
    return misled ? refused(misled) : failure('unavailable', error);
  }
  if (error instanceof errors.ResponseError) {
    if (UNSURE.has(error.code)) return failure('unknown', error);
    if (OUTAGES.has(error.code)) return failure('unavailable', error);
    if (FORBIDDEN.has(error.code)) return refused(error);
    return error.code === codes.invalid && TOO_LARGE.test(error.message) ? unholdable(error) : error;
  }
  // The driver itself finds that a number or a text does not fit.
  if (doing === 'write' && 'code' in error && error.code === 'ERR_OUT_OF_RANGE') return unholdable(error);
  if ('isSocketError' in error && error.isSocketError === true) return failure(uncertain, error);
  if (UNCONNECTED.test(error.message)) return failure('unavailable', error);
  return error;
}

export const isTemporary = (error: unknown): boolean => error instanceof StoreError && error.temporary;

const failure = (code: 'unknown' | 'unavailable' | 'busy', cause: Error): StoreError =>
  new StoreError(code, `Cassandra: ${cause.message}`, { cause });
const refused = (cause: Error): StoreError =>
  new StoreError('unavailable', `Cassandra does not let us in: ${cause.message}`, { cause, temporary: false });
const unholdable = (cause: Error): RefusedRows => new RefusedRows(`Cassandra: ${cause.message}`, { cause });
