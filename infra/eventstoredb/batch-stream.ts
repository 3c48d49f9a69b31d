import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { type NewEvent, NO_STREAM } from '../../events/event-store.ts';
import { messageOf } from '../../events/message-of.ts';
import type { Connection, Link } from './connection.ts';
import { positionOf, toWire } from './events.ts';
import { toStoreError } from './failure.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { streamIdentifier, streamsPb, uuid, uuidText } from './wire.ts';

type Request = InstanceType<typeof streamsPb.BatchAppendReq>;
type Response = InstanceType<typeof streamsPb.BatchAppendResp>;
type Call = ClientDuplexStream<Request, Response>;

export interface AppendRequest {
  readonly stream: string;
  /** A revision, `NO_STREAM`, or null: wherever the stream is. */
  readonly expected: number | null;
  readonly events: readonly NewEvent[];
}

export interface BatchStream {
  /**
   * Sends an append, and tells what became of it; maybe never. Resolves once it is on its way, to a function that
   * forgets it; throws `StoreError` (`unavailable`) where nothing was sent.
   */
  send(request: AppendRequest, told: (outcome: Outcome) => void, timeoutMs: number): Promise<() => void>;
  /** What is sent from now on goes by a new call; the present one gets to answer what it has. */
  retire(): void;
}

interface Lane {
  readonly link: Link;
  readonly call: Call;
  readonly pending: Map<string, (outcome: Outcome) => void>;
  /** Messages that wait until the call takes more. */
  readonly queue: Request[];
  blocked: boolean;
  retired: boolean;
  ended: boolean;
}

/** More than this in one message is split; what the server takes in one append is its own affair. */
const MESSAGE_MAX_BYTES = 1_048_576;

/** Many appends in flight on one call, each known by an id of its own; an answer that nobody waits for is dropped. */
export function createBatchStream(connection: Connection): BatchStream {
  let opening: Promise<Lane> | null = null;
  let current: Lane | null = null;

  function lane(timeoutMs: number): Promise<Lane> {
    if (current && !current.ended && !current.retired) return Promise.resolve(current);
    opening ??= connection
      .link(timeoutMs)
      .then((link) => {
        current = openLane(link);
        return current;
      })
      .finally(() => {
        opening = null;
      });
    return opening;
  }

  return {
    async send(request, told, timeoutMs) {
      const taken = await lane(timeoutMs);
      const id = randomUUID();
      taken.pending.set(id, told);
      for (const message of messagesOf(id, request)) write(taken, message);
      return () => {
        taken.pending.delete(id);
        endWhenDone(taken);
      };
    },
    retire() {
      if (!current || current.ended) return;
      current.retired = true;
      endWhenDone(current);
    },
  };
}

function openLane(link: Link): Lane {
  const call = link.streams.batchAppend(...link.arguments(null));
  link.track(call);
  const lane: Lane = { link, call, pending: new Map(), queue: [], blocked: false, retired: false, ended: false };
  call.on('data', (response: Response) => {
    const id = uuidText(response.getCorrelationId());
    const told = lane.pending.get(id);
    lane.pending.delete(id);
    told?.(read(response));
    endWhenDone(lane);
  });
  call.on('drain', () => {
    lane.blocked = false;
    flush(lane);
  });
  call.on('error', (error) => {
    if (!lane.ended) link.failed(error);
    end(lane, messageOf(error));
  });
  // Servers may end the call with OK, and with appends unanswered.
  call.on('end', () => end(lane, 'the server ended the call'));
  return lane;
}

function end(lane: Lane, message: string): void {
  if (lane.ended) return;
  lane.ended = true;
  lane.call.cancel();
  const pending = [...lane.pending.values()];
  lane.pending.clear();
  for (const told of pending) told({ kind: 'unknown', message });
}

function endWhenDone(lane: Lane): void {
  if (!lane.retired || lane.pending.size > 0 || lane.ended) return;
  lane.ended = true;
  lane.call.cancel();
}

function write(lane: Lane, message: Request): void {
  lane.queue.push(message);
  flush(lane);
}

function flush(lane: Lane): void {
  while (!lane.blocked && !lane.ended) {
    const message = lane.queue.shift();
    if (!message) return;
    lane.blocked = !lane.call.write(message);
  }
}

function read(response: Response): Outcome {
  const success = response.getSuccess();
  try {
    if (!success) return outcomeOf(response.getError());
    const position = success.getPosition();
    return {
      kind: 'written',
      revision: Number(success.getCurrentRevision()),
      position: position ? positionOf(position) : null,
    };
  } catch (error) {
    return { kind: 'refused', error: toStoreError(error) };
  }
}

/** No deadline goes along: servers compare it with their own clock. */
function* messagesOf(id: string, request: AppendRequest): Generator<Request> {
  let message = new streamsPb.BatchAppendReq();
  message.setOptions(optionsOf(request));
  let bytes = 0;
  for (const event of request.events) {
    const size = event.data.length + event.metadata.length;
    if (bytes > 0 && bytes + size > MESSAGE_MAX_BYTES) {
      yield message.setCorrelationId(uuid(id)).setIsFinal(false);
      message = new streamsPb.BatchAppendReq();
      bytes = 0;
    }
    message.addProposedMessages(toWire(event));
    bytes += size;
  }
  yield message.setCorrelationId(uuid(id)).setIsFinal(true);
}

function optionsOf({ stream, expected }: AppendRequest): InstanceType<typeof streamsPb.BatchAppendReq.Options> {
  const options = new streamsPb.BatchAppendReq.Options();
  options.setStreamIdentifier(streamIdentifier(stream));
  if (expected === null) options.setAny(new emptyPb.Empty());
  else if (expected === NO_STREAM) options.setNoStream(new emptyPb.Empty());
  else options.setStreamPosition(String(expected));
  return options;
}
