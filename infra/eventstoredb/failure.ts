import { type ServiceError, status } from '@grpc/grpc-js';
import { StoreError } from '../../events/event-store.ts';
import { messageOf } from '../../events/message-of.ts';

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

/** What a failed call means to whoever asked. Only what a repetition cannot mend is final. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const final = isFinal(error);
  return new StoreError('unavailable', `the event store answers: ${messageOf(error)}`, {
    cause: error,
    temporary: !final,
  });
}

function isFinal(error: unknown): boolean {
  if (!isServiceError(error)) return false;
  const final: number[] = [status.PERMISSION_DENIED, status.UNAUTHENTICATED, status.UNIMPLEMENTED];
  return final.includes(error.code) || exceptionOf(error) === 'stream-deleted';
}

const exceptionOf = (error: ServiceError): string => String(error.metadata?.get('exception')[0] ?? '');

/**
 * Whether a read may have failed because no event begins where it was to begin. Newer servers say so, older ones report
 * whatever their reader ran into.
 */
export function isBadPosition(error: unknown): boolean {
  return isServiceError(error) && (error.code === status.INVALID_ARGUMENT || error.code === status.UNKNOWN);
}

/** The deadline of the call passed, by this side's clock. */
export const isTimeout = (error: unknown): boolean => isServiceError(error) && error.code === status.DEADLINE_EXCEEDED;
