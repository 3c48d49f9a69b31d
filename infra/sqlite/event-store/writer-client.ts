import type { Worker } from 'node:worker_threads';
import { type AppendResult, type NewEvent, type RecordedEvent, StoreError } from '../../../events/event-store.ts';
import type { Clock } from '../../system/clock.ts';
import { startWorker } from '../../system/worker.ts';
import {
  APPENDED,
  type AppendGroup,
  CONFLICT,
  type FromWriter,
  type GroupResult,
  type ToWriter,
  type WriterFailure,
} from './wire.ts';
import type { WritingOptions } from './writing.ts';

export interface WriterClient {
  readonly epoch: string;
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendResult>;
  saveSnapshot(stream: string, revision: number, state: string): Promise<void>;
  /** True while appends are on their way. */
  committing(): boolean;
  /** Lets what was accepted be written, then ends the thread. */
  close(): Promise<void>;
}

export interface WriterClientOptions extends WritingOptions {
  clock: Clock;
  /** New events of one or more commits in position order, told before their appends are answered to later turns. */
  onCommitted: (first: number, position: number, collect: () => RecordedEvent[]) => void;
  onFatal: (error: StoreError) => void;
}

interface Append {
  stream: string;
  expected: number;
  events: readonly NewEvent[];
  resolve: (result: AppendResult) => void;
  reject: (error: Error) => void;
}

interface Save {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Messages to the thread that are not answered: one being committed, one ready when it is done. */
const GROUPS_IN_FLIGHT_MAX = 2;
const GROUP_EVENTS_MAX = 2_000;
/** Appends waiting beyond this are refused: the disk does not keep up, and memory is not a queue. */
const APPENDS_WAITING_MAX = 50_000;

export async function startWriter(options: WriterClientOptions): Promise<WriterClient> {
  const { file, maxBytes, verify, busyTimeoutMs } = options;
  const data: WritingOptions = { file, maxBytes, verify, busyTimeoutMs };
  const worker = startWorker({ from: import.meta.url, path: './writer-worker', name: 'event-writer', data });
  const epoch = await started(worker);
  return createClient(worker, epoch, options);
}

function started(worker: Worker): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    const onExit = () => reject(new StoreError('unavailable', 'the event writer ended before it began'));
    worker.once('error', reject);
    worker.once('exit', onExit);
    worker.once('message', (message: FromWriter) => {
      worker.off('error', reject);
      worker.off('exit', onExit);
      if (message.kind === 'ready') resolve(message.epoch);
      else if (message.kind === 'failed') reject(new StoreError(message.failure.code, message.failure.message));
      else reject(new Error(`the event writer began with ${message.kind}`));
    });
  });
}

function createClient(worker: Worker, epoch: string, options: WriterClientOptions): WriterClient {
  /** Not yet posted, and posted: answers come in the order of posting. */
  let waiting: Append[] = [];
  let posted: Append[] = [];
  /** Appends of each message in flight that are not answered. */
  const groups: number[] = [];
  const saves = new Map<number, Save>();
  let nextSave = 0;
  let flushing = false;
  let failed: StoreError | null = null;
  let closed: Promise<void> | null = null;

  const post = (message: ToWriter): void => worker.postMessage(message);

  function flush(inFlightMax = GROUPS_IN_FLIGHT_MAX): void {
    flushing = false;
    while (waiting.length > 0 && groups.length < inFlightMax) {
      const taken = takeGroup(waiting);
      waiting = taken.rest;
      posted = posted.concat(taken.group);
      groups.push(taken.group.length);
      post(toMessage(taken.group, options.clock()));
    }
  }

  function answered(count: number): Append[] {
    const done = posted.slice(0, count);
    posted = posted.slice(count);
    let rest = count;
    while (rest > 0 && groups.length > 0) {
      const size = groups[0] ?? 0;
      if (size > rest) {
        groups[0] = size - rest;
        break;
      }
      rest -= size;
      groups.shift();
    }
    flush();
    return done;
  }

  function onAppended(result: GroupResult): void {
    const done = answered(result.status.length);
    let first = 0;
    let last = 0;
    for (const [i, append] of done.entries()) {
      append.resolve(toResult(result, i));
      if (result.status[i] !== APPENDED) continue;
      last = result.positions[i] ?? 0;
      if (first === 0) first = last - append.events.length + 1;
    }
    if (first > 0) options.onCommitted(first, last, () => recordedEvents(done, result));
  }

  function onRefused(appends: number, failure: WriterFailure): void {
    const error = new StoreError(failure.code, failure.message);
    for (const append of answered(appends)) {
      append.reject(failure.fatal ? new StoreError('unknown', failure.message) : error);
    }
    if (failure.fatal) fail(error);
  }

  function onSaved(ids: number[], failure: WriterFailure | null): void {
    for (const id of ids) {
      const save = saves.get(id);
      saves.delete(id);
      if (failure) save?.reject(new StoreError(failure.code, failure.message));
      else save?.resolve();
    }
    if (failure?.fatal) fail(new StoreError(failure.code, failure.message));
  }

  /** Fail-stop: what was posted may be on the disk, the rest certainly is not, and nothing is accepted any more. */
  function fail(error: StoreError): void {
    if (failed) return;
    failed = error;
    for (const append of posted) append.reject(new StoreError('unknown', error.message));
    for (const append of waiting) append.reject(new StoreError('unavailable', error.message));
    for (const save of saves.values()) save.reject(error);
    posted = [];
    waiting = [];
    saves.clear();
    options.onFatal(error);
  }

  worker.on('message', (message: FromWriter) => {
    if (message.kind === 'appended') onAppended(message);
    else if (message.kind === 'refused') onRefused(message.appends, message.failure);
    else if (message.kind === 'saved') onSaved(message.ids, message.failure);
  });
  worker.on('error', (error) =>
    fail(
      new StoreError('unavailable', `the event writer failed: ${String(error)}`, { cause: error, temporary: false }),
    ),
  );
  worker.on('exit', () => {
    if (!closed || posted.length > 0)
      fail(new StoreError('unavailable', 'the event writer ended', { temporary: false }));
  });

  function refusal(): StoreError | null {
    if (closed) return new StoreError('closed', 'the event store is closed');
    return failed && new StoreError('unavailable', failed.message, { temporary: false });
  }

  return {
    epoch,
    append(stream, expected, events) {
      const refused = refusal();
      if (refused) return Promise.reject(refused);
      if (waiting.length >= APPENDS_WAITING_MAX)
        return Promise.reject(new StoreError('busy', 'too many appends are waiting'));
      return new Promise((resolve, reject) => {
        waiting.push({ stream, expected, events, resolve, reject });
        if (flushing) return;
        flushing = true;
        // After this turn of the event loop's callbacks, so that what arrives together is committed together.
        setImmediate(() => flush());
      });
    },
    saveSnapshot(stream, revision, state) {
      const refused = refusal();
      if (refused) return Promise.reject(refused);
      const id = nextSave++;
      return new Promise((resolve, reject) => {
        saves.set(id, { resolve, reject });
        post({ kind: 'snapshot', id, stream, revision, state });
      });
    },
    committing: () => posted.length > 0,
    close() {
      closed ??= (async () => {
        if (failed) {
          await worker.terminate();
          return;
        }
        flush(Number.POSITIVE_INFINITY);
        const ended = new Promise((resolve) => worker.once('exit', resolve));
        post({ kind: 'close' });
        await ended;
      })();
      return closed;
    },
  };
}

function takeGroup(waiting: Append[]): { group: Append[]; rest: Append[] } {
  let events = 0;
  let end = 0;
  while (end < waiting.length && events < GROUP_EVENTS_MAX) events += waiting[end++]?.events.length ?? 0;
  return end === waiting.length
    ? { group: waiting, rest: [] }
    : { group: waiting.slice(0, end), rest: waiting.slice(end) };
}

function toMessage(appends: Append[], recordedAt: number): AppendGroup {
  const events = appends.flatMap((append) => append.events);
  return {
    kind: 'append',
    recordedAt,
    streams: appends.map((append) => append.stream),
    expected: appends.map((append) => append.expected),
    counts: appends.map((append) => append.events.length),
    eventIds: events.map((event) => event.eventId),
    types: events.map((event) => event.type),
    data: events.map((event) => event.data),
    metadata: events.map((event) => event.metadata),
  };
}

function toResult(result: GroupResult, i: number): AppendResult {
  const revision = result.revisions[i] ?? 0;
  if (result.status[i] === CONFLICT) return { status: 'conflict', actual: revision };
  return { status: 'appended', revision, position: result.positions[i] ?? 0, recordedAt: result.recordedAt[i] ?? 0 };
}

function recordedEvents(done: Append[], result: GroupResult): RecordedEvent[] {
  return done.flatMap(({ stream, events }, i) => {
    if (result.status[i] !== APPENDED) return [];
    const revision = (result.revisions[i] ?? 0) - events.length + 1;
    const position = (result.positions[i] ?? 0) - events.length + 1;
    const recordedAt = result.recordedAt[i] ?? 0;
    return events.map((event, k) => ({
      eventId: event.eventId.toLowerCase(),
      type: event.type,
      data: event.data,
      metadata: event.metadata,
      stream,
      revision: revision + k,
      position: position + k,
      recordedAt,
    }));
  });
}
