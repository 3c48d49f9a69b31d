import { type AppendResult, type NewEvent, type RecordedEvent, StoreError } from '../../events/event-store.ts';
import type { AppendRequest, BatchStream } from './batch-stream.ts';
import type { ReadTimes } from './calls.ts';
import { toStoreError } from './failure.ts';
import type { Outcome } from './outcome.ts';
import type { Reader } from './reader.ts';

export interface Appender {
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendResult>;
  /** Resolves once everything that was accepted is answered. */
  idle(): Promise<void>;
}

export interface AppenderOptions {
  readonly batch: BatchStream;
  readonly reader: Pick<Reader, 'look'>;
  /** Within this an append is answered: by its result, or by a `StoreError`. */
  readonly deadlineMs: number;
  readonly onFault: (what: string) => void;
}

/** An append that is not answered by then is looked for. */
const ATTEMPT_MS = 2_000;
const LOOK_MS = 1_000;
const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 500;
/** Accepted and not answered: beyond this the caller hears `busy`, for memory is not a queue. */
export const APPENDS_MAX = 10_000;
export const APPENDS_MAX_BYTES = 256 * 1_048_576;

export function createAppender(options: AppenderOptions): Appender {
  const open = new Set<Promise<unknown>>();
  let bytes = 0;
  return {
    async append(stream, expected, events) {
      const size = events.reduce((sum, event) => sum + event.data.length + event.metadata.length, 0);
      if (open.size >= APPENDS_MAX || (bytes > 0 && bytes + size > APPENDS_MAX_BYTES))
        throw new StoreError('busy', 'too many appends wait');
      bytes += size;
      const appending = appendKnown(options, { stream, expected, events });
      open.add(appending);
      try {
        return await appending;
      } finally {
        open.delete(appending);
        bytes -= size;
      }
    },
    async idle() {
      while (open.size > 0) await Promise.allSettled(open);
    },
  };
}

type Exact = AppendRequest & { readonly expected: number };

/**
 * Until it is known what became of it, or the time is over: an answer that does not come is looked for in the stream,
 * and where nothing is there the identical append is sent again, which the server takes for what it is.
 */
async function appendKnown(options: AppenderOptions, request: Exact): Promise<AppendResult> {
  const giveUpAt = performance.now() + options.deadlineMs;
  const left = (): number => giveUpAt - performance.now();
  const attempts = createAttempts(options.batch, request);
  let uncertain = false;
  let last: Outcome = { kind: 'unknown', message: 'not sent' };
  try {
    for (let wait = RETRY_FIRST_MS; left() > 0; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
      const waitingSince = performance.now();
      last = await attempts.next(Math.min(ATTEMPT_MS, left()));
      const times = { timeoutMs: Math.max(1, Math.min(LOOK_MS, left())), waitingSince };
      const settled = await settle(options, { request, outcome: last, times });
      if (settled) return settled;
      if (last.kind === 'refused' && !last.error.temporary) throw last.error;
      uncertain ||= last.kind !== 'refused';
      await pause(Math.min(wait, Math.max(0, left())));
    }
    if (uncertain) throw new StoreError('unknown', 'the event store did not answer; it may or may not have appended');
    throw last.kind === 'refused'
      ? last.error
      : new StoreError('unavailable', 'the event store did not answer in time');
  } finally {
    attempts.end();
  }
}

interface Settling {
  readonly request: Exact;
  readonly outcome: Outcome;
  /** For a look at the stream. */
  readonly times: ReadTimes;
}

/** The result where there is one. */
async function settle(options: AppenderOptions, { request, outcome, times }: Settling): Promise<AppendResult | null> {
  if (outcome.kind === 'conflict') return { status: 'conflict', actual: outcome.actual };
  if (outcome.kind === 'refused') return null;
  if (outcome.kind === 'written' && outcome.position !== null)
    return { status: 'appended', revision: outcome.revision, position: outcome.position };
  if (outcome.kind === 'unknown') options.onFault(`an append to ${request.stream}: ${outcome.message}`);
  return look(options, request, times);
}

/** What the stream says: our events there, others in their place, or null: not there, or it cannot be read. */
async function look({ reader }: AppenderOptions, request: Exact, times: ReadTimes): Promise<AppendResult | null> {
  const { stream, expected, events } = request;
  try {
    const there = await reader.look(stream, { from: expected + 1, limit: events.length }, times);
    if (there.length === 0) return null;
    const last = there.at(-1);
    if (last && areThese(there, events))
      return { status: 'appended', revision: last.revision, position: last.position };
    const [actual] = await reader.look(stream, { direction: 'backwards', limit: 1 }, times);
    return actual ? { status: 'conflict', actual: actual.revision } : null;
  } catch (error) {
    const failure = toStoreError(error);
    if (!failure.temporary) throw failure;
    return null;
  }
}

const areThese = (there: RecordedEvent[], events: readonly NewEvent[]): boolean =>
  there.length === events.length && there.every((event, i) => event.eventId === events[i]?.eventId.toLowerCase());

interface Attempts {
  /** Sends once more; answers with what any of the attempts so far came to. */
  next(timeoutMs: number): Promise<Outcome>;
  end(): void;
}

/** An answer may come late, when the same has been sent again: it is as good as any. */
function createAttempts(batch: BatchStream, request: AppendRequest): Attempts {
  const forget: (() => void)[] = [];
  let known: Outcome | null = null;
  let tell: (outcome: Outcome) => void = () => undefined;
  let ended = false;

  return {
    next: (timeoutMs) =>
      new Promise((resolve) => {
        if (known) return resolve(known);
        const late = performance.now() + timeoutMs;
        let timer: NodeJS.Timeout | undefined;
        const finish = (outcome: Outcome): void => {
          clearTimeout(timer);
          resolve(outcome);
        };
        const sent = (drop: () => void): void => {
          if (ended) return drop();
          forget.push(drop);
          timer = setTimeout(
            () => {
              batch.retire();
              finish({ kind: 'unknown', message: `no answer in ${Math.round(timeoutMs)} ms` });
            },
            Math.max(0, late - performance.now()),
          );
        };
        tell = finish;
        const told = (outcome: Outcome): void => {
          if (outcome.kind !== 'unknown') known = outcome.kind === 'refused' ? null : outcome;
          // Of an earlier attempt only what is certain counts.
          if (tell === finish || known) tell(outcome);
        };
        batch
          .send(request, told, timeoutMs)
          .then(sent, (error: unknown) => finish({ kind: 'refused', error: toStoreError(error) }));
      }),
    end() {
      ended = true;
      for (const drop of forget) drop();
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
