import { StoreError } from '../../../events/event-store.ts';
import { messageOf } from '../../../events/message-of.ts';
import { isBusy, isCorrupt, isFull, isIoFailure } from '../errors.ts';
import type { WriterFailure } from './wire.ts';

/** What an error means to whoever waited for a write. Only a lock and a full device are worth going on after. */
export function writeFailure(error: unknown): WriterFailure {
  if (error instanceof StoreError) return { code: error.code, message: error.message, fatal: !error.temporary };
  const message = messageOf(error);
  if (isBusy(error))
    return { code: 'busy', message: `the event log is locked by another process: ${message}`, fatal: false };
  if (isFull(error)) return { code: 'full', message: `no space left for the event log: ${message}`, fatal: false };
  if (isCorrupt(error)) return { code: 'corrupt', message: `the event log is damaged: ${message}`, fatal: true };
  return { code: 'unknown', message: `writing the event log failed: ${message}`, fatal: true };
}

/** What an error means to a reader. */
export function readFailure(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = messageOf(error);
  if (isBusy(error)) return new StoreError('busy', `the event log is locked: ${message}`, { cause: error });
  const damaged = isCorrupt(error) || isIoFailure(error);
  return new StoreError(damaged ? 'corrupt' : 'unavailable', `reading the event log failed: ${message}`, {
    cause: error,
    temporary: false,
  });
}

/** The same before anything was written: the file cannot be used. */
export function failStop(error: unknown): WriterFailure {
  const failure = writeFailure(error);
  return failure.code === 'unknown' ? { ...failure, code: 'unavailable' } : failure;
}
