import { status as grpcStatus } from '@grpc/grpc-js';
import { NO_STREAM, type RecordedEvent, START } from '../../../events/event-store.ts';
import { streamName } from '../wire.ts';
import { callError, notLeader, streamNotFoundResponse } from './answers.ts';
import type { StandInContext } from './context.ts';
import { positionOf, type ReadCall, type ReadOptions, send } from './delivery.ts';
import { filterOf } from './filter.ts';
import { subscribe } from './subscribe.ts';

const PAGE_EVENTS = 500;
const FORWARDS = 0;

/** Pages of a stream or of all, both ways, and subscriptions: one call of the protocol has them all. */
export async function read(context: StandInContext, call: ReadCall): Promise<void> {
  const options = call.request.getOptions();
  if (!options) throw callError(grpcStatus.INVALID_ARGUMENT, 'options are missing');
  const kind = options.hasSubscription() ? 'subscription' : 'read';
  const fate = (await context.faults.read?.(kind)) ?? 'fine';
  if (fate === 'swallow') return;
  if (fate === 'not-leader') throw notLeader(context.faults.leader ?? context.self);
  if (fate === 'unavailable') throw callError(grpcStatus.UNAVAILABLE, 'Server Is Not Ready');
  if (options.hasSubscription()) return subscribe(context, call, options);
  if (options.hasStream()) await readStream(context, call, options);
  else await readAll(context, call, options);
  call.end();
}

async function readStream(context: StandInContext, call: ReadCall, options: ReadOptions): Promise<void> {
  const asked = options.getStream();
  const stream = streamName(asked?.getStreamIdentifier());
  const forwards = options.getReadDirection() === FORWARDS;
  const [last] = await context.store.readStream(stream, { direction: 'backwards', limit: 1 });
  if (!last) return void call.write(streamNotFoundResponse(stream));
  let from = forwards ? 0 : last.revision;
  if (asked?.hasRevision()) from = Number(asked.getRevision());
  else if (asked?.hasEnd() && forwards) from = last.revision + 1;
  let left = Number(options.getCount());
  while (left > 0 && from > NO_STREAM && !call.cancelled) {
    const page = await context.store.readStream(stream, {
      from,
      direction: forwards ? 'forwards' : 'backwards',
      limit: Math.min(left, PAGE_EVENTS),
    });
    for (const event of page) await send(context, call, event);
    const end = page.at(-1);
    if (!end || page.length < Math.min(left, PAGE_EVENTS)) return;
    left -= page.length;
    from = end.revision + (forwards ? 1 : -1);
  }
}

/** A read begins with the event at the position; backwards with the one before it. */
async function readAll(context: StandInContext, call: ReadCall, options: ReadOptions): Promise<void> {
  const forwards = options.getReadDirection() === FORWARDS;
  const all = options.getAll();
  const filter = filterOf(options);
  const limit = Number(options.getCount());
  let from = all?.hasEnd() ? await endOf(context) : START;
  if (all?.hasPosition()) from = positionOf(context, all.getPosition()?.getCommitPosition() ?? '0');
  const pages = forwards ? pagesAfter(context, from - 1, limit) : pagesBefore(context, from, limit);
  let sent = 0;
  for await (const page of pages) {
    for (const event of page) {
      if (sent >= limit || call.cancelled) return;
      if (!filter(event)) continue;
      sent += 1;
      await send(context, call, event);
    }
    if (sent >= limit) return;
  }
}

const endOf = async (context: StandInContext): Promise<number> => (await context.store.head()) + 1;

/** What a filter leaves out makes more pages, each twice as long. */
async function* pagesAfter({ store }: StandInContext, after: number, few: number): AsyncGenerator<RecordedEvent[]> {
  let from = after;
  for (let size = Math.min(few, PAGE_EVENTS); size > 0; size = Math.min(2 * size, PAGE_EVENTS)) {
    const page = await store.readAll({ after: from, limit: size });
    if (page.length > 0) yield page;
    if (page.length < size) return;
    from = page.at(-1)?.position ?? from;
  }
}

/** The log's own positions have no holes, so that a page backwards is a page forwards turned round. */
async function* pagesBefore({ store }: StandInContext, before: number, few: number): AsyncGenerator<RecordedEvent[]> {
  let until = before - 1;
  for (let size = Math.min(few, PAGE_EVENTS); size > 0 && until > START; size = Math.min(2 * size, PAGE_EVENTS)) {
    const after = Math.max(START, until - size);
    const page = await store.readAll({ after, until, limit: size });
    if (page.length > 0) yield page.toReversed();
    until = after;
  }
}
