import type { GatewayLogger } from '../context.ts';
import type { Accounts } from './ports.ts';

/** A session ended by another process (the command line) is noticed within this time. */
const POLL_MS = 250;

export interface SessionEnds {
  subscribe(listener: (sessionId: string) => void): () => void;
  /** Tells at once of an end that this process made itself, rather than at the next look. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** Follows the ends of sessions in the accounts store, whoever made them. */
export async function followSessionEnds(accounts: Accounts, logger: GatewayLogger): Promise<SessionEnds> {
  const listeners = new Set<(sessionId: string) => void>();
  let seen = await accounts.lastEnd();
  let looking: Promise<void> = Promise.resolve();
  let failing = false;
  const read = async () => {
    for (const { seq, sessionId } of await accounts.endsAfter(seen)) {
      seen = seq;
      for (const listener of listeners) tell(listener, sessionId, logger);
    }
  };
  /** One look at a time, so that every end is told once and in order. */
  const look = () => {
    const turn = looking.then(read);
    looking = turn.catch(() => undefined); // told to whoever asked; the next look reads the same again
    return turn;
  };
  const poll = setInterval(() => {
    look().then(
      () => (failing = false),
      (error: unknown) => {
        if (!failing) logger.error({ err: error }, 'the ends of sessions cannot be read; trying on');
        failing = true;
      },
    );
  }, POLL_MS);
  poll.unref();
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    look,
    async close() {
      clearInterval(poll);
      await looking;
    },
  };
}

function tell(listener: (sessionId: string) => void, sessionId: string, logger: GatewayLogger): void {
  try {
    listener(sessionId);
  } catch (error) {
    logger.error({ err: error, sessionId }, 'a listener to the end of a session failed');
  }
}
