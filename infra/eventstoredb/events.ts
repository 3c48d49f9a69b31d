import { type NewEvent, type RecordedEvent, StoreError } from '../../events/event-store.ts';
import { JSON_CONTENT, type sharedPb, streamName, streamsPb, TICKS_PER_MS, text, uuid, uuidText } from './wire.ts';

export type WireEvent = InstanceType<typeof streamsPb.ReadResp.ReadEvent.RecordedEvent>;
type Proposed = InstanceType<typeof streamsPb.BatchAppendReq.ProposedMessage>;

/** Streams of this adapter's own: not part of the log as its readers see it. */
export const INTERNAL_PREFIX = 'hindsight-';

/** `$…` are EventStoreDB's own streams, and the metadata of ours. */
export const isVisible = (stream: string): boolean => !stream.startsWith('$') && !stream.startsWith(INTERNAL_PREFIX);

/** The same as a regular expression for the server. */
export const VISIBLE_STREAMS = `^(?!\\$|${INTERNAL_PREFIX})`;
export const NO_SYSTEM_STREAMS = '^[^$]';

/** The text goes as bytes, as it is; marked as JSON it is shown as such by EventStoreDB's own tools. */
export function toWire({ eventId, type, data, metadata }: NewEvent): Proposed {
  const message = new streamsPb.BatchAppendReq.ProposedMessage();
  message.setId(uuid(eventId.toLowerCase()));
  const map = message.getMetadataMap();
  map.set('type', type);
  map.set('content-type', JSON_CONTENT);
  message.setData(Buffer.from(data));
  message.setCustomMetadata(Buffer.from(metadata));
  return message;
}

export function fromWire(event: WireEvent): RecordedEvent {
  const map = event.getMetadataMap();
  const { metadata, recordedAt } = withoutRecordedAt(text(event.getCustomMetadata_asU8()));
  return {
    eventId: uuidText(event.getId()),
    type: map.get('type') ?? '',
    data: text(event.getData_asU8()),
    metadata,
    stream: streamOf(event),
    revision: Number(event.getStreamRevision()),
    position: positionOf(event),
    recordedAt: recordedAt ?? millisecondsOf(map.get('created') ?? ''),
  };
}

export const streamOf = (event: WireEvent): string => streamName(event.getStreamIdentifier());

/**
 * A position is a number only because commit and prepare are the same for everything written over gRPC. Events of the
 * old transactions, which lie apart, cannot be ours.
 */
export function positionOf(event: WireEvent | InstanceType<typeof sharedPb.AllStreamPosition>): number {
  const commit = event.getCommitPosition();
  if (commit !== event.getPreparePosition())
    throw new StoreError('corrupt', `commit ${commit} and prepare ${event.getPreparePosition()} are not one position`);
  const position = Number(commit);
  if (!Number.isSafeInteger(position))
    throw new StoreError('corrupt', `${commit} is no position: the server must be EventStoreDB 24 or newer`);
  return position;
}

const millisecondsOf = (ticks: string): number => Number(BigInt(ticks === '' ? 0 : ticks) / BigInt(TICKS_PER_MS));

/**
 * Events that were recorded elsewhere keep their time: it goes in front of the metadata, which is otherwise left as it
 * is, byte for byte, and taken out again by every read.
 */
export function withRecordedAt(metadata: string, recordedAt: number): string {
  if (!Number.isSafeInteger(recordedAt)) throw new TypeError(`no time: ${recordedAt}`);
  const rest = /^\{\s*\}$/.test(metadata) ? metadata.slice(1) : `,${metadata.slice(1)}`;
  if (!metadata.startsWith('{')) throw new TypeError('the metadata of an event to copy must be an object');
  return `{"$recordedAt":${recordedAt}${rest}`;
}

const RECORDED_AT = /^\{"\$recordedAt":(-?\d{1,16})(,?)/;

export function withoutRecordedAt(metadata: string): { metadata: string; recordedAt: number | null } {
  const found = RECORDED_AT.exec(metadata);
  if (!found) return { metadata, recordedAt: null };
  return { metadata: `{${metadata.slice(found[0].length)}`, recordedAt: Number(found[1]) };
}
