import type { ClientReadableStream } from '@grpc/grpc-js';
import { type Batch, type LogPosition, START, StoreError } from '../../events/event-store.ts';
import type { Connection } from './connection.ts';
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

type Call = ClientReadableStream<InstanceType<typeof streamsPb.ReadResp>>;

interface Subscription {
  readonly inbox: Inbox;
  call: Call | null;
  paused: boolean;
  /** How the present call ended. */
  ended: { error: unknown } | null;
  /** Whether the present call brought anything. */
  answered: boolean;
  wake: () => void;
}

const CONNECT_TIMEOUT_MS = 2_000;
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
  const subscription: Subscription = {
    inbox: createInbox(after),
    call: null,
    paused: false,
    ended: null,
    answered: false,
    wake: () => undefined,
  };
  const onOver = (): void => subscription.wake();
  over.addEventListener('abort', onOver);
  const watched = watch(subscription);
  context.watched.add(watched);
  try {
    yield* follow(context, subscription, over);
  } finally {
    context.watched.delete(watched);
    over.removeEventListener('abort', onOver);
    subscription.call?.cancel();
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
    await begin(context, subscription);
    yield* batches(subscription, over);
    if (over.aborted) return;
    const { ended, answered } = subscription;
    const failure = toStoreError(ended?.error ?? new Error('the server ended the subscription'));
    if (!failure.temporary) throw failure;
    if (answered) {
      wait = RETRY_FIRST_MS;
      aliveAt = performance.now();
    } else if (performance.now() - aliveAt > GIVE_UP_MS) throw failure;
    context.onFault(`a subscription: ${failure.message}`);
    await pause(wait, over);
    wait = Math.min(2 * wait, RETRY_MAX_MS);
  }
}

async function begin(context: SubscriptionContext, subscription: Subscription): Promise<void> {
  const after = subscription.inbox.restart();
  subscription.ended = null;
  subscription.answered = false;
  subscription.paused = false;
  try {
    await assertInLog(context, after);
    await open(context, subscription, after);
  } catch (error) {
    end(subscription, error);
  }
}

/** Behind the log's end nothing would ever come, until it had grown past what was never read. */
async function assertInLog(context: SubscriptionContext, after: LogPosition): Promise<void> {
  await context.assertSameLog();
  if (after === START) return;
  const end = await context.reader.end();
  if (after > end) throw new StoreError('corrupt', `the log ends at ${end}, before ${after}: it is not the log it was`);
}

async function open(context: SubscriptionContext, subscription: Subscription, after: LogPosition): Promise<void> {
  const link = await context.connection.link(CONNECT_TIMEOUT_MS);
  const start = (place: LogPosition, mended: boolean): void => {
    const call = link.streams.read(subscriptionRequest(place, NO_SYSTEM_STREAMS), ...link.arguments(null));
    link.track(call);
    subscription.call = call;
    receive(subscription, call, (error) => {
      if (!mended && !subscription.answered && isBadPosition(error)) {
        context.reader.placeAt(after).then(
          (found) => start(found, true),
          (failure: unknown) => end(subscription, failure),
        );
        return;
      }
      if (error) link.failed(error);
      end(subscription, error);
    });
  };
  start(after, false);
}

function receive(subscription: Subscription, call: Call, onEnd: (error: unknown) => void): void {
  const { inbox } = subscription;
  call.on('data', (response: InstanceType<typeof streamsPb.ReadResp>) => {
    if (subscription.call !== call) return;
    try {
      const event = response.getEvent()?.getEvent();
      if (response.hasCaughtUp()) inbox.caughtUp();
      if (!event) return;
      subscription.answered = true;
      if (inbox.add(event)) {
        subscription.paused = true;
        call.pause();
      }
      subscription.wake();
    } catch (error) {
      call.cancel();
      onEnd(error);
    }
  });
  call.on('error', (error) => {
    if (subscription.call === call) onEnd(error);
  });
  call.on('end', () => {
    if (subscription.call === call) onEnd(undefined);
  });
}

function end(subscription: Subscription, error: unknown): void {
  subscription.ended ??= { error };
  subscription.call = null;
  subscription.wake();
}

/** What comes by the present call. What has come already is handed out even when the call has ended. */
async function* batches(subscription: Subscription, over: AbortSignal): AsyncGenerator<Batch> {
  const { inbox } = subscription;
  while (!over.aborted) {
    const batch = inbox.take();
    if (batch) {
      yield batch;
    } else if (subscription.ended) {
      return;
    } else {
      await new Promise<void>((resolve) => {
        subscription.wake = resolve;
      });
    }
    if (subscription.paused && inbox.hasRoom()) {
      subscription.paused = false;
      subscription.call?.resume();
    }
  }
}

function watch(subscription: Subscription): Watched {
  return {
    reached: subscription.inbox.reached,
    listens: () => subscription.call !== null && !subscription.paused,
    drop(reason) {
      const { call } = subscription;
      end(subscription, new Error(reason));
      call?.cancel();
    },
  };
}

function pause(ms: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      over.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    over.addEventListener('abort', done);
    if (over.aborted) done();
  });
}
