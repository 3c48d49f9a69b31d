import type { ChatEvent } from '../../events/chat.ts';
import { messageOf } from '../../events/message-of.ts';
import { ReplayError, type ReplayTarget } from '../../queries/replay/port.ts';
import { type Attempt, type Attempts, untilDone } from './attempts.ts';

const REQUEST_WITHIN_MS = 30_000;
/** A longer wait that an endpoint asks for is not waited for in one piece. */
const RETRY_AFTER_MAX_S = 120;
const SAID_MAX_CHARS = 200;
/** Refusals that say: later. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

export interface HttpTargetOptions {
  url: URL;
  /** Sent with each request: who it is that sends. */
  headers: Readonly<Record<string, string>>;
  batchEvents: number;
  onRetry: Attempts['onRetry'];
  waitFactor?: number;
}

/**
 * POSTs events as NDJSON. A batch is sent again, the same, until the endpoint answers 2xx; one request at a time, so
 * that order is kept. `idempotency-key` is the event's id, of several `<first>..<last>`: a repeat has the same.
 */
export function httpTarget({ url, headers, batchEvents, onRetry, waitFactor }: HttpTargetOptions): ReplayTarget {
  return {
    batchEvents,
    async take(events, signal) {
      const body = events.map((event) => `${JSON.stringify(event)}\n`).join('');
      const request = {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-ndjson', 'idempotency-key': keyOf(events) },
        body,
      };
      const attempts = { onRetry, signal, ...(waitFactor !== undefined && { waitFactor }) };
      return (await untilDone(() => post(url, request), attempts)) ? events.length : 0;
    },
    close: async () => undefined,
  };
}

function keyOf(events: readonly ChatEvent[]): string {
  const [first, last] = [events[0]?.eventId ?? '', events.at(-1)?.eventId ?? ''];
  return first === last ? first : `${first}..${last}`;
}

/** Whoever has sent a request waits for its answer: what is given up here may have been taken there. */
async function post(url: URL, request: RequestInit): Promise<Attempt> {
  let response: Response;
  try {
    const timeout = AbortSignal.timeout(REQUEST_WITHIN_MS);
    response = await fetch(url, { ...request, redirect: 'manual', signal: timeout });
  } catch (error) {
    return { why: `${url.origin} cannot be reached: ${reasonOf(error)}` };
  }
  const said = await bodyOf(response);
  if (response.ok) return 'done';
  const why = `${url.origin} answers ${response.status}${said === '' ? '' : `: ${said}`}`;
  if (response.status < 500 && !LATER.has(response.status)) throw new ReplayError('refused', why);
  const waitMs = retryAfterMs(response.headers.get('retry-after'));
  return waitMs === null ? { why } : { why, waitMs };
}

/** Read to its end, so that the connection serves again; shown in part. */
async function bodyOf(response: Response): Promise<string> {
  try {
    return (await response.text()).trim().slice(0, SAID_MAX_CHARS);
  } catch {
    return ''; // the status has been said, and decides
  }
}

function retryAfterMs(text: string | null): number | null {
  const seconds = text === null ? Number.NaN : Number(text);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, RETRY_AFTER_MAX_S) * 1_000 : null;
}

/** `fetch` says only that it failed; why stands in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown }).code;
  return typeof code === 'string' ? code : messageOf(cause);
}
