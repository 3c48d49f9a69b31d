import { randomUUID } from 'node:crypto';
import { status as grpcStatus } from '@grpc/grpc-js';
import { type RecordedEvent, START } from '../../../events/event-store.ts';
import { callError, caughtUpResponse, checkpointResponse, confirmationResponse } from './answers.ts';
import type { StandInContext } from './context.ts';
import { positionOf, type ReadCall, type ReadOptions, send, write } from './delivery.ts';
import { type Filter, filterOf } from './filter.ts';

/** Events considered between two checkpoints, where the client does not say. */
const WINDOW_EVENTS = 32;

interface Delivering {
  readonly context: StandInContext;
  readonly call: ReadCall;
  readonly filter: Filter;
  readonly checkpointEvery: number;
  considered: number;
  sent: RecordedEvent[];
}

/** Everything behind a position, for as long as the client listens. */
export async function subscribe(context: StandInContext, call: ReadCall, options: ReadOptions): Promise<void> {
  const stop = new AbortController();
  call.on('cancelled', () => stop.abort());
  call.on('close', () => stop.abort());
  const after = await startOf(context, options);
  const filter = options.getFilter();
  const window = filter?.hasMax() ? filter.getMax() : WINDOW_EVENTS;
  const delivering: Delivering = {
    context,
    call,
    filter: filterOf(options),
    checkpointEvery: filter ? window * filter.getCheckpointintervalmultiplier() : Number.POSITIVE_INFINITY,
    considered: 0,
    sent: [],
  };
  await write(call, confirmationResponse(randomUUID()));
  let caughtUp = after >= (await context.store.head());
  if (caughtUp) await write(call, caughtUpResponse());
  for await (const batch of context.store.subscribe({ after, signal: stop.signal })) {
    for (const event of batch.events) if (!(await deliver(delivering, event))) return;
    if (!caughtUp && batch.position >= (await context.store.head())) {
      caughtUp = true;
      await checkpoint(delivering, batch.position);
      await write(call, caughtUpResponse());
    }
  }
  if (!stop.signal.aborted) throw callError(grpcStatus.UNAVAILABLE, 'the server ends');
}

/** Unlike a read, a subscription begins behind the position. */
async function startOf(context: StandInContext, options: ReadOptions): Promise<number> {
  if (!options.hasAll()) throw callError(grpcStatus.UNIMPLEMENTED, 'the stand-in has subscriptions to $all only');
  const all = options.getAll();
  if (all?.hasEnd()) return context.store.head();
  return all?.hasPosition() ? positionOf(context, all.getPosition()?.getCommitPosition() ?? '0') : START;
}

/** False where the subscription is over. */
async function deliver(delivering: Delivering, event: RecordedEvent): Promise<boolean> {
  const { context, call, filter } = delivering;
  if (call.cancelled || call.destroyed) return false;
  if (filter(event)) {
    const fate =
      (await context.faults.delivery?.({ stream: event.stream, position: event.position * context.stride })) ?? 'fine';
    if (fate === 'cut') throw callError(grpcStatus.UNAVAILABLE, 'the subscription was cut on demand');
    if (fate === 'end') {
      call.end();
      return false;
    }
    await send(context, call, event);
    if (fate === 'twice') await send(context, call, event);
    if (fate === 'again-older') for (const older of delivering.sent) await send(context, call, older);
    delivering.sent = [...delivering.sent.slice(-9), event];
  }
  delivering.considered += 1;
  if (delivering.considered % delivering.checkpointEvery === 0) await checkpoint(delivering, event.position);
  return true;
}

async function checkpoint({ context, call, checkpointEvery }: Delivering, position: number): Promise<void> {
  if (checkpointEvery === Number.POSITIVE_INFINITY) return;
  const ahead = context.faults.checkpointAhead?.() ?? 0;
  await write(call, checkpointResponse(String((position + ahead) * context.stride)));
}
