import type { EventLog, LogPosition } from '../../events/event-store.ts';
import { pagesOfLog } from '../../events/pages.ts';
import { compareTarget, findMissing } from './compare.ts';
import { type CopyTarget, copyLog } from './copy.ts';
import { type Difference, MigrateConflict, type OnProgress } from './report.ts';

export interface MigrateOptions {
  readonly source: EventLog;
  readonly target: CopyTarget;
  /** What lies beyond is left out. */
  readonly until: LogPosition;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface Migrated {
  /** Events that were appended now. */
  copied: number;
  /** Events that were there, from a run before. */
  already: number;
  streams: number;
  /** Events that were read again on both sides and are the same. */
  verified: number;
  /** The first of them, at most `DIFFERENCES_SHOWN_MAX`. */
  differences: Difference[];
  differenceCount: number;
}

export const DIFFERENCES_SHOWN_MAX = 1_000;

/**
 * Copies a log with its streams, revisions, ids, texts and times, then reads both and compares them event by event.
 * Where it has come to is kept nowhere but in the target: what is there is compared first, and what is not is copied,
 * so that a run that was ended in the middle is simply made again. Throws `MigrateConflict` before anything is written
 * where the target holds something else.
 */
export async function migrateLog(options: MigrateOptions): Promise<Migrated> {
  const { source, target, until, signal = new AbortController().signal, onProgress = () => undefined } = options;
  const progress = (phase: Parameters<OnProgress>[0]) => (events: number) => {
    signal.throwIfAborted();
    onProgress(phase, events);
  };
  const pages = async () => pagesOfLog(target, { until: await target.head() });
  const there = await compareTarget({
    source,
    pages: await pages(),
    onDifference: refuse,
    onProgress: progress('compare'),
  });
  const copied = await copyLog({ source, target, until, heads: there.heads, signal, onProgress: progress('copy') });
  const found: Difference[] = [];
  let differenceCount = 0;
  const onDifference = (difference: Difference): void => {
    differenceCount++;
    if (found.length < DIFFERENCES_SHOWN_MAX) found.push(difference);
  };
  const verify = async () =>
    compareTarget({ source, pages: await pages(), onDifference, onProgress: progress('verify') });
  const { same, heads } = copied === 0 ? there : await verify(); // else it was all compared just now
  await findMissing({ source, onDifference, onProgress: () => signal.throwIfAborted() }, { heads, until });
  const { same: already } = there;
  return { copied, already, streams: heads.size, verified: same, differences: found, differenceCount };
}

function refuse(difference: Difference): never {
  throw new MigrateConflict({
    ...difference,
    what: difference.what === 'not-in-the-source' ? 'the log to copy has no such event' : `another ${difference.what}`,
  });
}
