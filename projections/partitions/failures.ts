import { isTemporary, StoreError } from '../../events/event-store.ts';
import { StaleOwner } from './ports.ts';

/** The partition is another process's, or about to be: nothing is wrong, and nothing can be taken here. */
export class NotOurs extends Error {
  readonly code = 'not-ours';
  readonly temporary = true;
  constructor(message: string) {
    super(message);
    this.name = 'NotOurs';
  }
}

/** So much was missing that it took too long for one call. The next one goes on where this one came to. */
export class StillBehind extends Error {
  readonly code = 'still-behind';
  readonly temporary = true;
  constructor(message: string) {
    super(message);
    this.name = 'StillBehind';
  }
}

/** What a store has to say, as against what an event is: nothing that an event could be parked for. */
export const isStoreFailure = (error: unknown): boolean =>
  error instanceof StoreError || error instanceof StaleOwner || isTemporary(error);
