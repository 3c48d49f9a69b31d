import { NO_STREAM, StoreError } from '../../events/event-store.ts';
import { sharedPb, type statusPb } from './wire.ts';

export type Outcome =
  | { kind: 'written'; revision: number; position: number | null }
  | { kind: 'conflict'; actual: number }
  /** Certainly not written. Final where the error is not temporary. */
  | { kind: 'refused'; error: StoreError }
  /** Nobody will ever tell by this call. */
  | { kind: 'unknown'; message: string };

type Status = InstanceType<typeof statusPb.Status>;

/** What the server says about one append that it did not write, or does not know that it did. */
export function outcomeOf(status: Status | undefined): Outcome {
  const details = status?.getDetails();
  const type = details?.getTypeName() ?? '';
  const message = status?.getMessage() || type || 'no reason given';
  switch (type.replace('event_store.client.', '')) {
    case 'WrongExpectedVersion': {
      const wrong = details?.unpack(sharedPb.WrongExpectedVersion.deserializeBinary, type);
      return {
        kind: 'conflict',
        actual: wrong?.hasCurrentStreamRevision() ? Number(wrong.getCurrentStreamRevision()) : NO_STREAM,
      };
    }
    case 'MaximumAppendSizeExceeded':
      return refused('full', `more than the server takes in one append: ${message}`, false);
    case 'AccessDenied':
    case 'StreamDeleted':
    case 'BadRequest':
      return refused('unavailable', message, false);
    case 'google.protobuf.Empty':
      return refused('unavailable', message, true); // not ready, too busy: it did not begin
    default:
      return { kind: 'unknown', message };
  }
}

const refused = (code: 'full' | 'unavailable', message: string, temporary: boolean): Outcome => ({
  kind: 'refused',
  error: new StoreError(code, message, { temporary }),
});
