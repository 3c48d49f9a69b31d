import { type ErrorCode, isRetryable, type Rejection } from '../events/error-codes.ts';

/** The only place where codes meet numbers: HTTP statuses and titles (RFC 9457), and the socket's close codes. */
export const HTTP_ERRORS: Readonly<Record<ErrorCode, { status: number; title: string }>> = {
  'bad-request': { status: 400, title: 'The request is not well formed' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  'bad-credentials': { status: 401, title: 'Wrong username or password' },
  'token-expired': { status: 401, title: 'The access token has expired' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  'chat-not-found': { status: 404, title: 'No such chat' },
  'message-not-found': { status: 404, title: 'No such message' },
  'user-not-found': { status: 404, title: 'No such user' },
  'message-id-reused': { status: 409, title: 'The message id was used for something else' },
  'command-id-reused': { status: 409, title: 'The command id was used for something else' },
  'username-taken': { status: 409, title: 'The username is taken' },
  'version-conflict': { status: 409, title: 'Somebody changed it in the meantime' },
  'message-deleted': { status: 409, title: 'The message is deleted' },
  'epoch-changed': { status: 409, title: 'The log was restored: load afresh' },
  'import-behind': { status: 409, title: 'Older than a live event' },
  'too-large': { status: 413, title: 'Too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'as-of-unknown': { status: 422, title: 'The chat has not come that far' },
  'not-visible': { status: 422, title: 'Before what you may see' },
  'range-too-long': { status: 422, title: 'The range is too long' },
  'id-from-the-future': { status: 422, title: 'The id lies in the future' },
  'direct-chat': { status: 422, title: 'Not in a direct chat' },
  'group-full': { status: 422, title: 'The group is full' },
  'not-connected': { status: 422, title: 'Not connected' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  behind: { status: 503, title: 'The view is behind' },
  busy: { status: 503, title: 'Busy' },
  unavailable: { status: 503, title: 'Unavailable' },
  unknown: { status: 504, title: 'Outcome unknown' },
};

export const CLOSE = {
  badFrame: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  idle: 4408,
  replaced: 4409,
  moved: 4410,
  tooLarge: 4413,
  tooMany: 4429,
  shuttingDown: 4503,
} as const;

/** RFC 9457, `application/problem+json`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  errors?: readonly { path: string; message: string }[];
  retryable: boolean;
}

export function toProblem(rejection: Rejection): Problem {
  const { status, title } = HTTP_ERRORS[rejection.code];
  return {
    type: `https://hindsight.dev/errors#${rejection.code}`,
    title,
    status,
    detail: rejection.detail,
    code: rejection.code,
    ...(rejection.errors && { errors: rejection.errors }),
    retryable: isRetryable(rejection.code),
  };
}

export interface SocketError {
  code: ErrorCode;
  message: string;
  retryable: boolean;
}

export const toSocketError = (rejection: Rejection): SocketError => ({
  code: rejection.code,
  message: rejection.detail,
  retryable: isRetryable(rejection.code),
});
