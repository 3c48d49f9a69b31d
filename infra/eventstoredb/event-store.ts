import {
  type AppendResult,
  type EventStore,
  type NewEvent,
  type RecordedEvent,
  StoreError,
} from '../../events/event-store.ts';
import { assertAppend } from '../system/assert-append.ts';
import { type Appender, createAppender } from './appender.ts';
import { type BatchStream, createBatchStream } from './batch-stream.ts';
import { closedError } from './calls.ts';
import { type Connection, createConnection } from './connection.ts';
import { assertDurable } from './durability.ts';
import { lastEpoch, readEpoch } from './epoch.ts';
import { withRecordedAt } from './events.ts';
import { type HeartbeatTimes, startHeartbeat } from './heartbeat.ts';
import { createReader, type Reader } from './reader.ts';
import { assertServer, STAND_IN } from './server-version.ts';
import { subscribe, type Watched } from './subscription.ts';
import { createTimeIndex, type TimeIndex } from './time-index.ts';

export interface EventStoreDbStore extends EventStore {
  /** As the server says. */
  readonly serverVersion: string;
  /**
   * Appends events of another log so that they read as they did there: same ids, types, texts and times. The revision
   * follows from the place in the stream; the position is this log's own. Idempotent as `append` is.
   */
  appendCopied(stream: string, expected: number, events: readonly RecordedEvent[]): Promise<AppendResult>;
}

export interface EventStoreDbOptions {
  /** `esdb://…` or `esdb+discover://…`, with TLS, user and password as EventStoreDB documents it. */
  url: string;
  /** Within this an append is answered, if only by `unknown`. */
  appendDeadlineMs?: number;
  /** Within this a read is answered; a question by time may need many. */
  readDeadlineMs?: number;
  /** A marker now and then, by which dead connections and subscriptions are noticed; null: none. */
  heartbeat?: HeartbeatTimes | null;
  /** Told of what went wrong and was mended, or will be tried again. */
  onFault?: (what: string) => void;
  /** Told of each connection that was given up for a new one, not of one that was cut and came back by itself: counted. */
  onReconnect?: () => void;
  /** The log is another than it was: this process must not go on. Called once. */
  onFatal?: (error: StoreError) => void;
}

export const APPEND_DEADLINE_MS = 5_000;
const READ_DEADLINE_MS = 10_000;
const HEARTBEAT: HeartbeatTimes = { everyMs: 3_000, alarmMs: 4_000 };
/** A server that has just been started takes its time. */
const OPEN_TIMEOUT_MS = 10_000;

export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStoreDbStore> {
  const onFault = options.onFault ?? (() => undefined);
  const connection = createConnection(options.url, (reason) => {
    options.onReconnect?.();
    onFault(`connected anew: ${reason}`);
  });
  const stop = new AbortController();
  const closed = (): boolean => stop.signal.aborted;
  try {
    const serverVersion = await assertServer(connection, { timeoutMs: OPEN_TIMEOUT_MS, closed });
    // The stand-in speaks gRPC only, and always flushes.
    if (!serverVersion.endsWith(STAND_IN)) await assertDurable(connection);
    const batch = createBatchStream(connection);
    const { appendDeadlineMs = APPEND_DEADLINE_MS, readDeadlineMs = READ_DEADLINE_MS } = options;
    const reading = { connection, closed, deadlineMs: readDeadlineMs };
    const reader = createReader(reading);
    const appender = createAppender({ batch, reader, deadlineMs: appendDeadlineMs, onFault });
    const timeIndex = createTimeIndex(reading);
    const epoch = await readEpoch(reader, appender);
    return createStore({
      options,
      connection,
      batch,
      reader,
      timeIndex,
      appender,
      epoch,
      serverVersion,
      stop,
      onFault,
    });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

interface Parts {
  readonly options: EventStoreDbOptions;
  readonly connection: Connection;
  readonly batch: BatchStream;
  readonly reader: Reader;
  readonly timeIndex: TimeIndex;
  readonly appender: Appender;
  readonly epoch: string;
  readonly serverVersion: string;
  readonly stop: AbortController;
  readonly onFault: (what: string) => void;
}

function createStore(parts: Parts): EventStoreDbStore {
  const { options, connection, batch, reader, timeIndex, appender, epoch, stop, onFault } = parts;
  const watched = new Set<Watched>();
  const times = options.heartbeat === undefined ? HEARTBEAT : options.heartbeat;
  const heartbeat = times && startHeartbeat({ ...times, connection, batch, watched, onFault });
  const subscriptions = { connection, reader, closed: stop.signal, watched, onFault, assertSameLog: sameLog(parts) };
  let closing: Promise<void> | null = null;

  async function append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendResult> {
    assertAppend(expected, events);
    if (closing) throw closedError();
    return appender.append(stream, expected, events);
  }

  async function open<T>(work: () => Promise<T>): Promise<T> {
    if (closing) throw closedError();
    return work();
  }

  return {
    epoch,
    serverVersion: parts.serverVersion,
    append,
    appendCopied: (stream, expected, events) => append(stream, expected, events.map(copied)),
    readStream: (stream, page) => open(() => reader.readStream(stream, page)),
    readAll: (page) => open(() => reader.readAll(page)),
    head: () => open(reader.head),
    positionBefore: (time) => open(() => timeIndex.positionBefore(time)),
    subscribe: (asked) => subscribe(subscriptions, asked),
    close: () => (closing ??= close()),
  };

  async function close(): Promise<void> {
    heartbeat?.stop();
    await appender.idle();
    stop.abort();
    await connection.close();
  }
}

function copied({ eventId, type, data, metadata, recordedAt }: RecordedEvent): NewEvent {
  return { eventId, type, data, metadata: withRecordedAt(metadata, recordedAt) };
}

/** A log that was restored behind this process's back has another epoch: what it knows is no longer so. */
function sameLog({ reader, epoch, options }: Parts): () => Promise<void> {
  let fatal: StoreError | null = null;
  return async () => {
    const now = fatal ? null : await lastEpoch(reader);
    if (now === epoch) return;
    if (!fatal) {
      fatal = new StoreError('corrupt', `the log's epoch was ${epoch} and is ${now}: it was restored or replaced`);
      options.onFatal?.(fatal);
    }
    throw fatal;
  };
}
