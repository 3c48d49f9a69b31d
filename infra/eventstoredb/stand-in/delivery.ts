import { status as grpcStatus, type ServerWritableStream } from '@grpc/grpc-js';
import type { RecordedEvent } from '../../../events/event-store.ts';
import type { streamsPb } from '../wire.ts';
import { callError, eventResponse, type ReadResponse } from './answers.ts';
import type { StandInContext } from './context.ts';
import { drained } from './drained.ts';

type ReadRequest = InstanceType<typeof streamsPb.ReadReq>;
export type ReadOptions = InstanceType<typeof streamsPb.ReadReq.Options>;
/** What is sent may be encoded already. */
export type ReadCall = ServerWritableStream<ReadRequest, ReadResponse | Buffer>;

export const encodeResponse = (response: ReadResponse | Buffer): Buffer =>
  Buffer.isBuffer(response) ? response : Buffer.from(response.serializeBinary());

/** What stands between two events is no place to read from: the real server finds no record there. */
export function positionOf({ stride }: StandInContext, wire: string): number {
  const position = Number(wire);
  if (position % stride !== 0) throw callError(grpcStatus.INVALID_ARGUMENT, 'Trying to read from an invalid position.');
  return position / stride;
}

export async function send(context: StandInContext, call: ReadCall, event: RecordedEvent): Promise<void> {
  let encoded = context.encoded.get(event);
  if (!encoded) {
    encoded = encodeResponse(eventResponse(event, String(event.position * context.stride)));
    context.encoded.set(event, encoded);
  }
  await write(call, encoded);
}

/** Waits where the client does not keep up. */
export async function write(call: ReadCall, response: ReadResponse | Buffer): Promise<void> {
  if (call.cancelled || call.destroyed || call.write(response)) return;
  await drained(call);
}
