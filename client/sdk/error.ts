import { ERROR_CODES, type ErrorCode, isRetryable } from '../../events/error-codes.ts';

/**
 * What went wrong on the way, beside the server's closed set: `offline` (no connection now), `timeout` (no answer in
 * time: the outcome is unknown), `disconnected` (the connection ended before the answer: unknown too), `closed` (this
 * client was closed or signed out).
 */
export type LocalCode = 'offline' | 'timeout' | 'disconnected' | 'closed';

export interface FieldError {
  path: string;
  message: string;
}

/** Everything that this client throws. Where `retryable`, sending the same id again is always safe. */
export class HindsightError extends Error {
  readonly code: ErrorCode | LocalCode;
  readonly retryable: boolean;
  /** How long the server asks to wait; null where it does not say. */
  readonly retryAfterMs: number | null;
  /** The HTTP status, 0 where there was none. */
  readonly status: number;
  readonly errors: readonly FieldError[];

  constructor(code: ErrorCode | LocalCode, message: string, more: ErrorDetails = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'HindsightError';
    this.code = code;
    this.retryable = more.retryable ?? retryableByCode(code);
    this.retryAfterMs = more.retryAfterMs ?? null;
    this.status = more.status ?? 0;
    this.errors = more.errors ?? [];
  }
}

interface ErrorDetails {
  retryable?: boolean | undefined;
  retryAfterMs?: number | null;
  status?: number;
  errors?: readonly FieldError[] | undefined;
  cause?: unknown;
}

const isServerCode = (code: unknown): code is ErrorCode => (ERROR_CODES as readonly unknown[]).includes(code);

const retryableByCode = (code: ErrorCode | LocalCode): boolean =>
  isServerCode(code) ? isRetryable(code) : code !== 'closed';

/** A code that a younger server may have added is taken for what its flag says: `unavailable`, or `bad-request`. */
export function toCode(code: unknown, retryable: boolean): ErrorCode {
  if (isServerCode(code)) return code;
  return retryable ? 'unavailable' : 'bad-request';
}

export const isTemporary = (error: unknown): error is HindsightError =>
  error instanceof HindsightError && error.retryable;
