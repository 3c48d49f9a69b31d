import { status as grpcStatus, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Message } from 'google-protobuf';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { JSON_CONTENT, nameBytes, sharedPb, statusPb, streamsPb, TICKS_PER_MS, uuid } from '../wire.ts';

export type BatchResponse = InstanceType<typeof streamsPb.BatchAppendResp>;
export type ReadResponse = InstanceType<typeof streamsPb.ReadResp>;
type Status = InstanceType<typeof statusPb.Status>;

/** Codes of google.rpc.Status that EventStoreDB puts beside the details. */
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const DEADLINE_EXCEEDED = 4;
const INVALID_ARGUMENT = 3;
const UNKNOWN = 2;

/** An error of a whole call, with what EventStoreDB's clients look for in its trailers. */
export function callError(code: number, details: string, trailers: Record<string, string> = {}): Partial<ServiceError> {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export const notLeader = ({ host, port }: { host: string; port: number }): Partial<ServiceError> =>
  callError(grpcStatus.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  });

function packed(message: Message, type: string): InstanceType<typeof anyPb.Any> {
  const any = new anyPb.Any();
  any.pack(message.serializeBinary(), type);
  return any;
}

function status(code: number, message: string, details: InstanceType<typeof anyPb.Any>): Status {
  const made = new statusPb.Status();
  made.setCode(code);
  made.setMessage(message);
  made.setDetails(details);
  return made;
}

/** `expected` as the request had it: a revision, or one of the words. */
export type Expected = number | 'no_stream' | 'any' | 'stream_exists';

export function wrongExpectedVersion(current: number, expected: Expected): Status {
  const details = new sharedPb.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new emptyPb.Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === 'no_stream') details.setExpectedNoStream(new emptyPb.Empty());
  else if (expected === 'any') details.setExpectedAny(new emptyPb.Empty());
  else if (expected === 'stream_exists') details.setExpectedStreamExists(new emptyPb.Empty());
  else details.setExpectedStreamPosition(String(expected));
  return status(ALREADY_EXISTS, 'WrongExpectedVersion', packed(details, 'event_store.client.WrongExpectedVersion'));
}

export const timedOut = (): Status =>
  status(DEADLINE_EXCEEDED, 'Timeout', packed(new sharedPb.Timeout(), 'event_store.client.Timeout'));

export const accessDenied = (): Status =>
  status(PERMISSION_DENIED, 'AccessDenied', packed(new sharedPb.AccessDenied(), 'event_store.client.AccessDenied'));

/** The server has not even begun: `Server Is Not Ready`, `Server Is Busy`. */
export const notHandled = (message: string): Status =>
  status(UNKNOWN, message, packed(new emptyPb.Empty(), 'google.protobuf.Empty'));

export const unknownError = (message: string): Status =>
  status(UNKNOWN, message, packed(new sharedPb.Unknown(), 'event_store.client.Unknown'));

export function appendTooLarge(maxBytes: number): Status {
  const details = new sharedPb.MaximumAppendSizeExceeded();
  details.setMaxappendsize(maxBytes);
  const type = 'event_store.client.MaximumAppendSizeExceeded';
  return status(INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', packed(details, type));
}

export function batchSuccess(
  revision: number,
  position: string,
): InstanceType<typeof streamsPb.BatchAppendResp.Success> {
  const success = new streamsPb.BatchAppendResp.Success();
  success.setCurrentRevision(String(revision));
  const place = new sharedPb.AllStreamPosition();
  place.setCommitPosition(position);
  place.setPreparePosition(position);
  success.setPosition(place);
  return success;
}

export function eventResponse(event: RecordedEvent, position: string): ReadResponse {
  const recorded = new streamsPb.ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(uuid(event.eventId));
  const identifier = new sharedPb.StreamIdentifier();
  identifier.setStreamName(nameBytes(event.stream));
  recorded.setStreamIdentifier(identifier);
  recorded.setStreamRevision(String(event.revision));
  recorded.setCommitPosition(position);
  recorded.setPreparePosition(position);
  const map = recorded.getMetadataMap();
  map.set('type', event.type);
  map.set('content-type', JSON_CONTENT);
  map.set('created', String(BigInt(event.recordedAt) * BigInt(TICKS_PER_MS)));
  recorded.setData(Buffer.from(event.data));
  recorded.setCustomMetadata(Buffer.from(event.metadata));
  const read = new streamsPb.ReadResp.ReadEvent();
  read.setEvent(recorded);
  read.setCommitPosition(position);
  const response = new streamsPb.ReadResp();
  response.setEvent(read);
  return response;
}

export function checkpointResponse(position: string): ReadResponse {
  const checkpoint = new streamsPb.ReadResp.Checkpoint();
  checkpoint.setCommitPosition(position);
  checkpoint.setPreparePosition(position);
  const response = new streamsPb.ReadResp();
  response.setCheckpoint(checkpoint);
  return response;
}

export function confirmationResponse(subscriptionId: string): ReadResponse {
  const confirmation = new streamsPb.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(subscriptionId);
  const response = new streamsPb.ReadResp();
  response.setConfirmation(confirmation);
  return response;
}

export function caughtUpResponse(): ReadResponse {
  const response = new streamsPb.ReadResp();
  response.setCaughtUp(new streamsPb.ReadResp.CaughtUp());
  return response;
}

export function streamNotFoundResponse(stream: string): ReadResponse {
  const missing = new streamsPb.ReadResp.StreamNotFound();
  const identifier = new sharedPb.StreamIdentifier();
  identifier.setStreamName(nameBytes(stream));
  missing.setStreamIdentifier(identifier);
  const response = new streamsPb.ReadResp();
  response.setStreamNotFound(missing);
  return response;
}
