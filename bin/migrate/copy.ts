import { setTimeout as delay } from 'node:timers/promises';
import {
  type AppendResult,
  type EventLog,
  type LogPosition,
  type RecordedEvent,
  StoreError,
} from '../../events/event-store.ts';
import { pagesOfLog } from '../../events/pages.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import { MigrateConflict } from './report.ts';

/** An event store that takes events as they were recorded elsewhere. */
export interface CopyTarget extends EventLog {
  appendCopied(stream: string, expected: number, events: readonly RecordedEvent[]): Promise<AppendResult>;
}

/** Streams that are appended to at once. */
const LANES_MAX = 16;
/** One append, as a server takes it by default: 1 MiB with all that surrounds the events. */
const APPEND_MAX_EVENTS = 500;
const APPEND_MAX_BYTES = 524_288;
const EVENT_BYTES = 256;
/** For so long a server that does not answer is asked again. */
const RETRY_DEADLINE_MS = 60_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

export interface CopyOptions {
  readonly source: EventLog;
  readonly target: CopyTarget;
  readonly until: LogPosition;
  /** The last revision that the target has of each stream: what lies beyond is copied. */
  readonly heads: ReadonlyMap<string, number>;
  readonly signal: AbortSignal;
  readonly onProgress: (events: number) => void;
}

/**
 * Copies a page of the source at a time, several streams at once, each in order. What goes one way on the backplane (a
 * chat and the receipts in it) keeps its order too; other streams may change places with each other within a page.
 * Returns how many events were appended.
 */
export async function copyLog({ source, until, heads, onProgress, ...rest }: CopyOptions): Promise<number> {
  let copied = 0;
  let through = 0;
  for await (const page of pagesOfLog(source, { until })) {
    const missing = page.filter(({ stream, revision }) => revision > (heads.get(stream) ?? -1));
    await inLanes(byKey(missing), (events) => appendInOrder(events, rest));
    copied += missing.length;
    through += page.length;
    onProgress(through);
  }
  return copied;
}

function byKey(events: readonly RecordedEvent[]): RecordedEvent[][] {
  const lanes = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const key = partitionKeyOf(event.stream);
    const lane = lanes.get(key);
    if (lane) lane.push(event);
    else lanes.set(key, [event]);
  }
  return [...lanes.values()];
}

/** The first that fails ends it, once those under way are done: nothing goes on behind the caller's back. */
async function inLanes(lanes: RecordedEvent[][], work: (events: RecordedEvent[]) => Promise<void>): Promise<void> {
  const queue = lanes.values();
  let failed = false;
  const run = async (): Promise<void> => {
    for (const lane of queue) {
      if (failed) return;
      await work(lane).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: LANES_MAX }, run));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

type Writing = Pick<CopyOptions, 'target' | 'signal'>;

async function appendInOrder(events: readonly RecordedEvent[], writing: Writing): Promise<void> {
  let run: RecordedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = EVENT_BYTES + Buffer.byteLength(event.data) + Buffer.byteLength(event.metadata);
    const full = run.length >= APPEND_MAX_EVENTS || bytes + size > APPEND_MAX_BYTES;
    if (run.length > 0 && (full || run[0]?.stream !== event.stream)) {
      await appendRun(run, writing);
      run = [];
      bytes = 0;
    }
    run.push(event);
    bytes += size;
  }
  await appendRun(run, writing);
}

/** Sent again, identical, while nobody knows what became of it: the store takes a repeat for what it is. */
async function appendRun(run: readonly RecordedEvent[], { target, signal }: Writing): Promise<void> {
  const [first] = run as [RecordedEvent];
  const giveUpAt = performance.now() + RETRY_DEADLINE_MS;
  for (let wait = RETRY_FIRST_MS; ; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
    signal.throwIfAborted();
    try {
      const result = await target.appendCopied(first.stream, first.revision - 1, run);
      if (result.status === 'appended') return;
      const { stream, revision } = first;
      const what = `the stream ends at ${result.actual}: something else is writing to it`;
      throw new MigrateConflict({ stream, revision, what });
    } catch (error) {
      if (!(error instanceof StoreError) || !error.temporary || performance.now() + wait > giveUpAt) throw error;
    }
    await delay(wait, undefined, { signal });
  }
}
