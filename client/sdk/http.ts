import { backoffMs, type Clock, pause, RETRY } from './clock.ts';
import { type FieldError, HindsightError, isTemporary, toCode } from './error.ts';

const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS_MAX = 4;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's address, with `/v1`. */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** A ULID: makes the command repeatable. */
  idempotencyKey?: string;
  /** False for what must not be sent twice; else a temporary failure is tried again. */
  repeatable?: boolean;
  signal?: AbortSignal;
}

export interface Tokens {
  /** A token that is good now. */
  access(): Promise<string>;
  /** The server refused that token: another one, or the error that ends the session. */
  renew(refused: string): Promise<string>;
}

export interface HttpOptions {
  url: string;
  fetch: typeof globalThis.fetch;
  clock: Clock;
}

export type Http = <T>(request: HttpRequest, tokens?: Tokens) => Promise<T>;

/** JSON over HTTP: problems become `HindsightError`, a refused token is renewed once, temporary failures are tried again. */
export function createHttp(options: HttpOptions): Http {
  return async <T>(request: HttpRequest, tokens?: Tokens): Promise<T> => {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await authorized(options, request, tokens)) as T;
      } catch (error) {
        const again = isTemporary(error) && request.repeatable !== false && attempt + 1 < ATTEMPTS_MAX;
        if (!again || request.signal?.aborted) throw error;
        await pause(options.clock, error.retryAfterMs ?? backoffMs(options.clock, attempt, RETRY));
      }
    }
  };
}

async function authorized(options: HttpOptions, request: HttpRequest, tokens: Tokens | undefined): Promise<unknown> {
  const token = await tokens?.access();
  try {
    return await exchange(options, request, token);
  } catch (error) {
    const refused =
      error instanceof HindsightError && (error.code === 'token-expired' || error.code === 'unauthenticated');
    if (!refused || !tokens || token === undefined) throw error;
    return exchange(options, request, await tokens.renew(token));
  }
}

async function exchange(
  { url, fetch }: HttpOptions,
  request: HttpRequest,
  token: string | undefined,
): Promise<unknown> {
  const address = new URL(request.path, url);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) address.searchParams.set(name, String(value));
  }
  const deadline = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const init: RequestInit = {
    method: request.method,
    headers: headersOf(request, token),
    signal: request.signal ? AbortSignal.any([request.signal, deadline]) : deadline,
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  };
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, init);
    text = await response.text();
  } catch (cause) {
    if (request.signal?.aborted) throw new HindsightError('closed', 'the request was called off', { cause });
    if (deadline.aborted) throw new HindsightError('timeout', `no answer within ${REQUEST_TIMEOUT_MS} ms`, { cause });
    throw new HindsightError('offline', 'the server cannot be reached', { cause });
  }
  if (!response.ok) throw problem(response, text);
  return text === '' ? undefined : JSON.parse(text);
}

function headersOf(request: HttpRequest, token: string | undefined): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
  };
}

interface Problem {
  code?: unknown;
  title?: string;
  detail?: string;
  errors?: FieldError[];
  retryable?: boolean;
}

function problem(response: Response, text: string): HindsightError {
  const body = parseProblem(text);
  const retryable = body.retryable ?? response.status >= 500;
  return new HindsightError(toCode(body.code, retryable), body.detail ?? body.title ?? `HTTP ${response.status}`, {
    retryable,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
    status: response.status,
    errors: body.errors,
  });
}

/** A proxy in between may answer with a page of its own. */
function parseProblem(text: string): Problem {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

function retryAfterMs(header: string | null): number | null {
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
