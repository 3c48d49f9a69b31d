import type { EventLog, RecordedEvent } from '../../../events/event-store.ts';
import { pagesOfLog } from '../../../events/pages.ts';
import { compareTarget, differenceOf } from '../../migrate/compare.ts';
import { VerbFailed } from '../io.ts';
import { eventOf, linesOf } from './chain.ts';
import type { Damage } from './check-segment.ts';
import { type BackupManifest, readAccounts } from './manifest.ts';
import { backedUpPages, readSegment } from './read.ts';

/** Each list holds at most so many: the count says how many there are. */
export const FOUND_SHOWN_MAX = 1_000;

export interface Found<T> {
  count: number;
  first: T[];
}

const collect = <T>(found: Found<T>, one: T): void => {
  found.count++;
  if (found.first.length < FOUND_SHOWN_MAX) found.first.push(one);
};

/** Revisions that no event of the backup has, though a later one of the stream is there. */
export interface Gap {
  stream: string;
  fromRevision: number;
  throughRevision: number;
  /** The event behind them. */
  before: number;
}

export interface BackupCheck {
  damage: Found<Damage>;
  /** Which events are missing, as far as the streams say; looked for only where the backup is damaged. */
  gaps: Found<Gap>;
  /** What is wrong with the accounts; null where nothing is. */
  accounts: string | null;
}

const LEAVES_GAPS = new Set<Damage['kind']>(['missing', 'changed-or-missing', 'no-file']);

/** Reads every byte of a backup, a segment at a time. */
export async function verifyBackup(
  folder: string,
  manifest: BackupManifest,
  onProgress: (events: number) => void,
): Promise<BackupCheck> {
  const check: BackupCheck = { damage: { count: 0, first: [] }, gaps: { count: 0, first: [] }, accounts: null };
  let read = 0;
  for (const segment of manifest.segments) {
    const { damage } = await readSegment(folder, segment);
    for (const one of damage) collect(check.damage, one);
    read += segment.events;
    onProgress(read);
  }
  if (check.damage.first.some(({ kind }) => LEAVES_GAPS.has(kind))) await findGaps(folder, manifest, check.gaps);
  try {
    readAccounts(folder, manifest.accounts);
  } catch (error) {
    if (!(error instanceof VerbFailed)) throw error;
    check.accounts = error.message;
  }
  return check;
}

async function findGaps(folder: string, { segments }: BackupManifest, gaps: Found<Gap>): Promise<void> {
  const heads = new Map<string, number>();
  for (const segment of segments) {
    const { bytes, damage } = await readSegment(folder, segment);
    const doubtful = new Set(damage.filter(({ kind }) => kind !== 'missing').map(({ line }) => line));
    for (const line of linesOf(bytes)) {
      const event = eventOf(bytes, line);
      if (!event) continue;
      const { stream, revision, position } = event;
      const next = (heads.get(stream) ?? -1) + 1;
      if (revision > next && doubtful.has(line.number)) continue; // its revision may be what was changed
      if (revision > next)
        collect(gaps, { stream, fromRevision: next, throughRevision: revision - 1, before: position });
      if (revision >= next) heads.set(stream, revision);
    }
  }
}

/** What differs between a backup and a log. */
export interface LogDifference {
  stream: string;
  revision: number;
  /** In the backup, or in the log where the backup lacks it; null where logs are compared that number for themselves. */
  position: number | null;
  what: 'not-in-the-log' | 'not-in-the-backup' | 'position' | 'id' | 'type' | 'data' | 'metadata' | 'time';
}

export interface LogComparison {
  /** False where the log was restored since: its events are then compared by stream and revision. */
  sameEpoch: boolean;
  same: number;
  differences: Found<LogDifference>;
}

/** Holds a sound backup against a log, event by event. What the log has gone on with since is not looked at. */
export async function compareWithLog(
  log: EventLog,
  { folder, manifest, onProgress }: { folder: string; manifest: BackupManifest; onProgress: (events: number) => void },
): Promise<LogComparison> {
  const differences: Found<LogDifference> = { count: 0, first: [] };
  const pages = backedUpPages(folder, manifest, null);
  if (log.epoch === manifest.epoch) {
    const same = await comparePositions(log, { pages, onProgress, onDifference: (one) => collect(differences, one) });
    return { sameEpoch: true, same, differences };
  }
  const { same } = await compareTarget({
    source: log,
    pages,
    onProgress,
    onDifference: ({ stream, revision, what }) =>
      collect(differences, { stream, revision, position: null, what: asOfLog(what) }),
  });
  return { sameEpoch: false, same, differences };
}

const asOfLog = (what: NonNullable<ReturnType<typeof differenceOf>> | 'missing'): LogDifference['what'] =>
  what === 'not-in-the-source' || what === 'missing' ? 'not-in-the-log' : what;

interface Comparing {
  pages: AsyncIterable<readonly RecordedEvent[]>;
  onProgress: (events: number) => void;
  onDifference: (difference: LogDifference) => void;
}

async function comparePositions(log: EventLog, { pages, onProgress, onDifference }: Comparing): Promise<number> {
  let [same, read, after] = [0, 0, 0];
  for await (const page of pages) {
    const until = page.at(-1)?.position ?? after;
    const live = new Map((await readThrough(log, after, until)).map((event) => [event.position, event]));
    for (const event of page) {
      const { stream, revision, position } = event;
      const there = live.get(position);
      live.delete(position);
      const what = asIn(there, event);
      if (what === null) same++;
      else onDifference({ stream, revision, position, what });
    }
    for (const { stream, revision, position } of live.values())
      onDifference({ stream, revision, position, what: 'not-in-the-backup' });
    after = until;
    read += page.length;
    onProgress(read);
  }
  return same;
}

function asIn(there: RecordedEvent | undefined, event: RecordedEvent): LogDifference['what'] | null {
  if (there && (there.stream !== event.stream || there.revision !== event.revision)) return 'position';
  const what = differenceOf(there, event);
  return what === null ? null : asOfLog(what);
}

async function readThrough(log: EventLog, from: number, until: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of pagesOfLog(log, { after: from, until })) events.push(...page);
  return events;
}
