import { type Outcome, rejected } from '../events/error-codes.ts';
import { encodePosition } from '../events/position.ts';
import type { QueryDeps } from './deps.ts';

/** The refusals that several queries share. */
type Refused = Extract<Outcome<never>, { ok: false }>;

const RETRY_BEHIND_S = 1;

export const behind = (): Refused =>
  rejected('behind', 'the views do not hold this point yet', { retryAfterS: RETRY_BEHIND_S });
export const chatNotFound = (): Refused => rejected('chat-not-found', 'there is no such chat');
export const messageNotFound = (): Refused => rejected('message-not-found', 'there is no such message');
export const badRequest = (path: string, message: string): Refused =>
  rejected('bad-request', `${path}: ${message}`, { errors: [{ path, message }] });

/** The place in the log that an answer holds at least. Taken before reading, so that it never promises too much. */
export const viewPosition = (deps: Pick<QueryDeps, 'epoch' | 'progress'>): string =>
  encodePosition(deps.epoch, deps.progress.position());

/** A page's limit: at least 1, at most what one read may return. */
export const pageLimit = (limit: number, max: number): number => Math.max(1, Math.min(limit, max));
