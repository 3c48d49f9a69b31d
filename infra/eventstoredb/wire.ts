import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossipPb from '@eventstore/db-client/generated/gossip_pb.js';
import serverFeaturesGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import serverFeaturesPb from '@eventstore/db-client/generated/serverfeatures_pb.js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streamsPb from '@eventstore/db-client/generated/streams_pb.js';

/**
 * EventStoreDB's protocol as the client package carries it: messages and services that its own build generated. The
 * adapter speaks it through these rather than through the client's commands, whose conversions parse and print JSON
 * anew, and whose appends never end when a server is silent (docs/adr/0010-event-store-on-eventstoredb.md).
 */
export { gossipGrpc, gossipPb, serverFeaturesGrpc, serverFeaturesPb, sharedPb, statusPb, streamsGrpc, streamsPb };

export const EMPTY = new sharedPb.Empty();
export const JSON_CONTENT = 'application/json';
/** A .NET tick is 100 ns. */
export const TICKS_PER_MS = 10_000;

export const nameBytes = (stream: string): Uint8Array => new TextEncoder().encode(stream);

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
export const text = (bytes: Uint8Array): string => utf8.decode(bytes);

export function streamIdentifier(stream: string): InstanceType<typeof sharedPb.StreamIdentifier> {
  const identifier = new sharedPb.StreamIdentifier();
  identifier.setStreamName(nameBytes(stream));
  return identifier;
}

export function streamName(identifier: InstanceType<typeof sharedPb.StreamIdentifier> | undefined): string {
  return identifier ? text(identifier.getStreamName_asU8()) : '';
}

export function uuid(value: string): InstanceType<typeof sharedPb.UUID> {
  const made = new sharedPb.UUID();
  made.setString(value);
  return made;
}

/** A UUID may come as text or as two signed halves. */
export function uuidText(value: InstanceType<typeof sharedPb.UUID> | undefined): string {
  const structured = value?.getStructured();
  if (!structured) return value?.getString().toLowerCase() ?? '';
  const half = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
  const hex = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits());
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
