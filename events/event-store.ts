/**
 * The port to the one source of truth. `EventLog` is what readers need, `EventStore` adds the append.
 * Adapters: SQLite, EventStoreDB and memory. The shape asks for nothing that one of them lacks: no transaction over
 * several streams, positions that only grow (with holes), pages and a catch-up subscription. The contract suite in
 * `test/contracts/event-store.ts` is its specification.
 */

/** A log position: a safe integer that grows with every event, with holes. `START` is before the first event. */
export type LogPosition = number;
export const START: LogPosition = 0;
/** The expected revision of a stream that must not exist yet. */
export const NO_STREAM = -1;

export interface NewEvent {
  /** A UUID derived from the idempotency key, so that a repeated append is known for what it is. */
  readonly eventId: string;
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  /** JSON text of `Metadata` (envelope.ts). */
  readonly metadata: string;
}

export interface RecordedEvent extends NewEvent {
  readonly stream: string;
  /** 0, 1, 2 … in its stream, no gaps. */
  readonly revision: number;
  readonly position: LogPosition;
  /** Milliseconds since 1970: the store's clock when it was appended, unadjusted. */
  readonly recordedAt: number;
}

export type AppendResult =
  /** On stable storage. `revision` and `position` are the last event's; a repeat is answered as at first. */
  | { status: 'appended'; revision: number; position: LogPosition }
  /** Nothing was appended: the stream's last revision is `actual` (`NO_STREAM` where it does not exist). */
  | { status: 'conflict'; actual: number };

export interface StreamPage {
  /** First revision to read: default the first forwards, the last backwards. */
  from?: number;
  direction?: 'forwards' | 'backwards';
  limit: number;
}

export interface AllPage {
  /** Exclusive. */
  after: LogPosition;
  /** Inclusive. */
  until?: LogPosition;
  /** Backwards: the same events from the last down; a page holds those nearest to `until`. */
  direction?: 'forwards' | 'backwards';
  limit: number;
}

export interface Batch {
  /** In position order, never empty but for a watermark. */
  events: RecordedEvent[];
  /** Everything at or before this position has been delivered: the checkpoint to keep when the batch is done. */
  position: LogPosition;
  /** False while catching up. */
  live: boolean;
}

export interface EventLog {
  /** Changes when the log was restored from a backup. */
  readonly epoch: string;
  /** At most `limit` events; an empty page where the stream has none there, or does not exist. */
  readStream(stream: string, page: StreamPage): Promise<RecordedEvent[]>;
  /** At most `limit` events of all streams in position order, or in its reverse; fewer means that the end was reached. */
  readAll(page: AllPage): Promise<RecordedEvent[]>;
  /** The position of the last event, `START` when empty. */
  head(): Promise<LogPosition>;
  /** The greatest position such that every event recorded at or after `time` (ms) lies behind it: where to read from. */
  positionBefore(time: number): Promise<LogPosition>;
  /**
   * All events after a position: first those that are there, then each as it comes, no gap, no repeat.
   * A consumer that is slow falls back to reading pages; memory stays bounded. Ends when the signal aborts or the log
   * closes; throws when the store fails.
   */
  subscribe(options: { after: LogPosition; signal: AbortSignal }): AsyncIterable<Batch>;
}

/** What a fold needs of an event, its JSON read. */
export interface ParsedEvent extends Pick<RecordedEvent, 'stream' | 'revision' | 'type' | 'position'> {
  readonly data: unknown;
  readonly metadata: unknown;
}

/** What a log may offer to whoever reads all of it. */
export interface ParsedPages {
  /** As `readAll`, the JSON of a page read in one go; null where some of it is none: `readAll` then has the texts. */
  readParsed(page: AllPage): Promise<ParsedEvent[] | null>;
}

/** Behind each of the first fields of a packed event. */
export const FIELD_END = 0x1e;

/**
 * A page of the log as one piece of UTF-8: for whoever passes stored JSON on without reading it. An event is its
 * position, stream (a number, see `nameOf`), revision, recordedAt, the metadata's and the data's length in bytes, and type,
 * each followed by `FIELD_END`; then its id as 32 hexadecimal digits, its metadata and its data.
 */
export interface PackedPage {
  readonly bytes: Uint8Array;
  /** Events that were looked at, those of other types among them; fewer than asked for means that the end was reached. */
  readonly looked: number;
  /** The last of them; null where there was none. */
  readonly position: LogPosition | null;
  nameOf(stream: number): string;
}

/** What a log may offer to whoever passes much of it on. Only events of `types` are packed, where they are given. */
export interface PackedPages {
  readPacked(page: AllPage & { types?: readonly string[] | undefined }): Promise<PackedPage>;
}

export interface EventStore extends EventLog {
  /**
   * Appends all events or none, in one piece, where the stream's last revision is exactly `expected`.
   * Idempotent for ever: where the events' ids already stand at `expected + 1 …`, it answers as at first.
   * Throws `StoreError`: `unknown` means that it may or may not have happened; send the identical call again.
   */
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendResult>;
  close(): Promise<void>;
}

export type StoreErrorCode = 'unknown' | 'unavailable' | 'busy' | 'full' | 'closed' | 'corrupt' | 'locked';

/** An operational failure of an adapter. `temporary`: the same call may succeed later. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly temporary: boolean;
  constructor(code: StoreErrorCode, message: string, options: { cause?: unknown; temporary?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StoreError';
    this.code = code;
    this.temporary =
      options.temporary ?? (code === 'unknown' || code === 'unavailable' || code === 'busy' || code === 'full');
  }
}

/** What the adapters of every port say of an error after which the same call may succeed. */
export const isTemporary = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'temporary' in error && error.temporary === true;
