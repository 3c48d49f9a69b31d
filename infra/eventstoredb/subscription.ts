import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { type Batch, type LogPosition, START, StoreError } from '../../events/event-store.ts';
import type { Connection, Link } from './connection.ts';
import { NO_SYSTEM_STREAMS } from './events.ts';
import { isBadPosition, toStoreError } from './failure.ts';
import { createInbox, type Inbox } from './inbox.ts';
import type { Reader } from './reader.ts';
import { subscriptionRequest } from './requests.ts';
import type { streamsPb } from './wire.ts';

/** A subscription as the heartbeat sees it. */
export interface Watched {
  /** Everything up to here has come. */
  reached(): LogPosition;
  /** False while its consumer keeps it waiting, or it is connecting. */
  listens(): boolean;
  /** Drops the call; the subscription goes on by another. */
  drop(reason: string): void;
}

export interface SubscriptionContext {
  readonly connection: Connection;
  readonly reader: Pick<Reader, 'placeAt' | 'end'>;
  readonly closed: AbortSignal;
  readonly watched: Set<Watched>;
  readonly onFault: (what: string) => void;
  /** Throws where the log is not the one that this process began with. */
  readonly assertSameLog: () => Promise<void>;
}

type Response = InstanceType<typeof streamsPb.ReadResp>;
type Call = ClientReadableStream<Response>;

/** One call after the other, each a try of its own; what an earlier one still brings is not heard. */
interface Attempt {
  call: Call | null;
  /** The sender waits, for the consumer does not keep up. */
  paused: boolean;
  /** Whether the server answered at all, and whether with an event. */
  confirmed: boolean;
  brought: boolean;
  ended: { error: unknown } | null;
}

interface Subscription {
  readonly inbox: Inbox;
  attempt: Attempt;
  wake: () => void;
}

const CONNECT_TIMEOUT_MS = 2_000;
/** A server confirms a subscription at once, or has forgotten it. */
const CONFIRM_TIMEOUT_MS = 3_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;
/** Without a sign of life for so long the consumer is told. */
const GIVE_UP_MS = 15_000;

export async function* subscribe(
  context: SubscriptionContext,
  { after, signal }: { after: LogPosition; signal: AbortSignal },
): AsyncGenerator<Batch> {
  const over = AbortSignal.any([signal, context.closed]);
  if (over.aborted) return;
  const subscription: Subscription = { inbox: createInbox(after), attempt: freshAttempt(), wake: () => undefined };
  const onOver = (): void => subscription.wake();
  over.addEventListener('abort', onOver);
  const watched = watch(subscription);
  context.watched.add(watched);
  try {
    yield* follow(context, subscription, over);
  } finally {
    context.watched.delete(watched);
    over.removeEventListener('abort', onOver);
    end(subscription, subscription.attempt, new Error('nobody listens any more'));
  }
}

async function* follow(
  context: SubscriptionContext,
  subscription: Subscription,
  over: AbortSignal,
): AsyncGenerator<Batch> {
  let wait = RETRY_FIRST_MS;
  let aliveAt = performance.now();
  while (!over.aborted) {
    const attempt = begin(context, subscription);
    yield* batches(subscription, attempt, over);
    if (over.aborted) return;
    const failure = toStoreError(attempt.ended?.error ?? new Error('the server ended the subscription'));
    if (!failure.temporary) throw failure;
    if (attempt.confirmed) {
      wait = RETRY_FIRST_MS;
      aliveAt = performance.now();
    } else if (performance.now() - aliveAt > GIVE_UP_MS) throw failure;
    context.onFault(`a subscription: ${failure.message}`);
    await pause(wait, over);
    wait = Math.min(2 * wait, RETRY_MAX_MS);
  }
}

const freshAttempt = (): Attempt => ({ call: null, paused: false, confirmed: false, brought: false, ended: null });

/** Goes on behind what was handed out, and answers at once. */
function begin(context: SubscriptionContext, subscription: Subscription): Attempt {
  const attempt = freshAttempt();
  subscription.attempt = attempt;
  converse(context, subscription, subscription.inbox.restart()).then(
    (error) => end(subscription, attempt, error),
    (error: unknown) => end(subscription, attempt, error),
  );
  return attempt;
}

/** Until the call ends; answers with its error, if there is one. */
async function converse(
  context: SubscriptionContext,
  subscription: Subscription,
  after: LogPosition,
): Promise<unknown> {
  const { attempt } = subscription;
  await assertInLog(context, after);
  const link = await context.connection.link(CONNECT_TIMEOUT_MS);
  let error = await listen(subscription, attempt, { link, place: after });
  if (isBadPosition(error) && !attempt.brought) {
    const place = await context.reader.placeAt(after);
    error = await listen(subscription, attempt, { link, place });
  }
  if (error) link.failed(error);
  return error;
}

/** Behind the log's end nothing would ever come, until it had grown past what was never read. */
async function assertInLog(context: SubscriptionContext, after: LogPosition): Promise<void> {
  await context.assertSameLog();
  if (after === START) return;
  const last = await context.reader.end();
  if (after > last)
    throw new StoreError('corrupt', `the log ends at ${last}, before ${after}: it is not the log it was`);
}

function listen(
  subscription: Subscription,
  attempt: Attempt,
  { link, place }: { link: Link; place: LogPosition },
): Promise<unknown> {
  if (attempt.ended) return Promise.resolve(attempt.ended.error);
  return new Promise((resolve) => {
    const call = link.streams.read(subscriptionRequest(place, NO_SYSTEM_STREAMS), ...link.arguments(null));
    link.track(call);
    attempt.call = call;
    const late = setTimeout(() => {
      if (!attempt.confirmed) end(subscription, attempt, new Error('the subscription was not confirmed'));
    }, CONFIRM_TIMEOUT_MS);
    call.once('close', () => clearTimeout(late));
    call.on('data', (response: Response) => {
      if (attempt.ended) return;
      try {
        receive(subscription, attempt, response);
      } catch (error) {
        call.cancel();
        resolve(error);
      }
    });
    call.on('error', resolve);
    call.on('end', () => resolve(undefined));
  });
}

function receive({ inbox, wake }: Subscription, attempt: Attempt, response: Response): void {
  attempt.confirmed = true;
  if (response.hasCaughtUp()) inbox.caughtUp();
  const event = response.getEvent()?.getEvent();
  if (event) {
    attempt.brought = true;
    if (inbox.add(event)) {
      attempt.paused = true;
      attempt.call?.pause();
    }
  }
  wake();
}

function end(subscription: Subscription, attempt: Attempt, error: unknown): void {
  if (attempt.ended) return;
  attempt.ended = { error };
  attempt.call?.cancel();
  subscription.wake();
}

/** What comes by one call. What has come already is handed out even when the call has ended. */
async function* batches(subscription: Subscription, attempt: Attempt, over: AbortSignal): AsyncGenerator<Batch> {
  const { inbox } = subscription;
  while (!over.aborted) {
    const batch = inbox.take();
    if (batch) {
      yield batch;
    } else if (attempt.ended) {
      return;
    } else {
      await new Promise<void>((resolve) => {
        subscription.wake = resolve;
      });
      // What comes in the same turn goes along.
      await nextTurn();
    }
    if (attempt.paused && inbox.hasRoom()) {
      attempt.paused = false;
      attempt.call?.resume();
    }
  }
}

function watch(subscription: Subscription): Watched {
  return {
    reached: subscription.inbox.reached,
    listens: () => subscription.attempt.confirmed && !subscription.attempt.paused && !subscription.attempt.ended,
    drop: (reason) => end(subscription, subscription.attempt, new Error(reason)),
  };
}

/** Over where the signal is aborted too. */
const pause = (ms: number, over: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal: over }).catch(() => undefined);
