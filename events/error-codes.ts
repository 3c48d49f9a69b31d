/**
 * The closed set of PROTOCOL §5, the same on HTTP and on the socket. The numbers that go with them are the gateway's
 * business (`gateway/errors.ts`); whether the same request may be sent again is theirs.
 */
export const ERROR_CODES = [
  'bad-request',
  'unauthenticated',
  'bad-credentials',
  'token-expired',
  'forbidden',
  'not-found',
  'chat-not-found',
  'message-not-found',
  'user-not-found',
  'message-id-reused',
  'command-id-reused',
  'username-taken',
  'version-conflict',
  'message-deleted',
  'epoch-changed',
  'import-behind',
  'too-large',
  'unsupported-media-type',
  'as-of-unknown',
  'not-visible',
  'range-too-long',
  'id-from-the-future',
  'direct-chat',
  'group-full',
  'not-connected',
  'rate-limited',
  'internal',
  'behind',
  'busy',
  'unavailable',
  'unknown',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'rate-limited',
  'internal',
  'behind',
  'busy',
  'unavailable',
  'unknown',
]);
export const isRetryable = (code: ErrorCode): boolean => RETRYABLE.has(code);

/** An expected refusal, as data. `errors` names the fields at fault, where there are any. */
export interface Rejection {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors?: readonly { path: string; message: string }[];
  readonly retryAfterS?: number;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly rejection: Rejection };

export const accepted = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const rejected = (
  code: ErrorCode,
  detail: string,
  more: Omit<Rejection, 'code' | 'detail'> = {},
): { ok: false; rejection: Rejection } => ({
  ok: false,
  rejection: { code, detail, ...more },
});
