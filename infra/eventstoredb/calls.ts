import type { ClientReadableStream } from '@grpc/grpc-js';
import { StoreError } from '../../events/event-store.ts';
import type { Connection, Link } from './connection.ts';
import type { WireEvent } from './events.ts';
import { isTimeout, toStoreError } from './failure.ts';
import type { ReadRequest } from './requests.ts';
import type { streamsPb } from './wire.ts';

type Response = InstanceType<typeof streamsPb.ReadResp>;

export interface ReadTimes {
  /** For connecting and for the whole answer. */
  readonly timeoutMs: number;
  /** Since when the caller waits for this server, by `performance.now()`: a silence as long is one to act upon. */
  readonly waitingSince?: number;
}

/**
 * A connection over which nothing at all has come for that long is given up once a read fails too. With less, all that is
 * under way would be asked anew of a server that is merely slow.
 */
const SILENCE_MS = 2_500;

/** One call: its events in order, until there are no more or `take` answers false. Throws what the call ended with. */
export async function readCall(
  connection: Connection,
  request: ReadRequest,
  times: ReadTimes,
  take: (event: WireEvent) => boolean,
): Promise<void> {
  const began = Date.now();
  const link = await connection.link(times.timeoutMs);
  const left = Math.max(1, times.timeoutMs - (Date.now() - began));
  try {
    const call = link.streams.read(request, ...link.arguments(left));
    link.track(call);
    await drained(call, take);
  } catch (error) {
    if (isTimeout(error) && times.waitingSince !== undefined) await giveUpIfSilent(link, times.waitingSince);
    else link.failed(error);
    throw error;
  }
}

async function giveUpIfSilent(link: Link, since: number): Promise<void> {
  if (performance.now() - since < SILENCE_MS) return;
  await link.renewIfSilent(since, `nothing came in ${SILENCE_MS} ms, and a read was not answered`);
}

function drained(call: ClientReadableStream<Response>, take: (event: WireEvent) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let done = false;
    const finish = (error?: unknown): void => {
      done = true;
      if (error === undefined) resolve();
      else reject(error as Error);
    };
    call.on('data', (response: Response) => {
      const event = response.getEvent()?.getEvent();
      if (done || !event) return;
      try {
        if (take(event)) return;
        finish();
      } catch (error) {
        finish(error);
      }
      call.cancel();
    });
    // Cancelled by this side once it has enough: that is no failure any more.
    call.on('error', (error) => (done ? undefined : finish(error)));
    call.on('end', () => (done ? undefined : finish()));
  });
}

const RETRY_FIRST_MS = 25;
const RETRY_MAX_MS = 500;

export interface Persisting {
  readonly timeoutMs: number;
  readonly closed: () => boolean;
  /** Failures that the caller mends by other means. */
  readonly leave?: (error: unknown) => boolean;
}

/** Asks again while that may help and the time is not over. */
export async function persistently<T>(
  { timeoutMs, closed, leave }: Persisting,
  work: (leftMs: number) => Promise<T>,
): Promise<T> {
  const giveUpAt = Date.now() + timeoutMs;
  for (let wait = RETRY_FIRST_MS; ; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
    if (closed()) throw closedError();
    try {
      return await work(Math.max(1, giveUpAt - Date.now()));
    } catch (error) {
      if (leave?.(error)) throw error;
      const failure = closed() ? closedError() : toStoreError(error);
      if (!failure.temporary || Date.now() + wait >= giveUpAt) throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

export const closedError = (): StoreError => new StoreError('closed', 'the event store is closed');
