import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type EventLog, type RecordedEvent, START } from '../../../events/event-store.ts';
import { pagesOfLog } from '../../../events/pages.ts';
import { encodePosition } from '../../../events/position.ts';
import { publishFile } from '../../../infra/disk/publish-file.ts';
import { acquireLock } from '../../../infra/sqlite/event-store/index.ts';
import { VERSION } from '../../package-root.ts';
import { VerbFailed } from '../io.ts';
import { type ChainWriter, createChainWriter, eventText, firstLink } from './chain.ts';
import {
  BACKUP_SCHEMA_VERSION,
  type BackupAccounts,
  type BackupManifest,
  type BackupSegment,
  MANIFEST,
  readManifest,
  SEGMENTS,
  writeManifest,
  writeWhole,
} from './manifest.ts';
import { checkedSegment, lastEventOf } from './read.ts';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;
const SEGMENT_BYTES = 16 * 1_024 * 1_024;
const LOCK = 'backup.lock';

export interface BackupSource {
  log: EventLog;
  /** An object a line. Read after the log: a user of it then always has a password. */
  accounts: () => Promise<string[]>;
  /** In positions of the log. */
  onProgress?: (done: number, total: number) => void;
  /** A segment ends with the page of events that takes it to this: whoever reads it holds one in memory. */
  segmentBytes?: number;
}

export interface Taken {
  manifest: BackupManifest;
  /** Events that were added now. */
  added: number;
}

/**
 * Takes a backup of all events through the log's end as it is now, or goes on with the one in `out` from where that
 * ended. The manifest comes last and in one piece: whatever ends this in the middle, the backup is as it was before.
 * Throws `VerbFailed`: `not-empty`, `epoch-changed`, `corrupt` (what is there does not go on as the log does).
 */
export async function takeBackup(out: string, source: BackupSource): Promise<Taken> {
  if (existsSync(out) && !existsSync(join(out, MANIFEST))) assertOurs(out);
  mkdirSync(join(out, SEGMENTS), { recursive: true, mode: OWNER_ONLY_FOLDER });
  const unlock = await acquireLock(join(out, LOCK), `another backup into ${out} is being taken`);
  try {
    const before = existsSync(join(out, MANIFEST)) ? await readManifest(out) : null;
    if (before) await assertGoesOn(out, before, source.log);
    sweep(out, before);
    try {
      return await add(out, before, source);
    } finally {
      sweep(out, existsSync(join(out, MANIFEST)) ? await readManifest(out) : null);
    }
  } finally {
    unlock();
  }
}

async function add(out: string, before: BackupManifest | null, source: BackupSource): Promise<Taken> {
  const { log, accounts, onProgress = () => undefined, segmentBytes = SEGMENT_BYTES } = source;
  const createdAt = new Date().toISOString();
  const known = before?.segments ?? [];
  const from = known.at(-1)?.last ?? START;
  const until = await log.head();
  const segments = createSegments(out, {
    from: known.length,
    link: before?.chain ?? firstLink(log.epoch),
    segmentBytes,
  });
  let added = 0;
  try {
    for await (const page of pagesOfLog(log, { after: from, until })) {
      await segments.add(page);
      added += page.length;
      onProgress((page.at(-1)?.position ?? until) - from, until - from);
    }
  } catch (error) {
    await segments.abandon();
    throw error;
  }
  const made = await segments.end();
  const all = [...known, ...made];
  const run = (before?.run ?? 0) + 1;
  const manifest = writeManifest(out, {
    schemaVersion: BACKUP_SCHEMA_VERSION,
    kind: 'backup',
    version: VERSION,
    createdAt,
    run,
    epoch: log.epoch,
    position: encodePosition(log.epoch, all.at(-1)?.last ?? START),
    events: (before?.events ?? 0) + added,
    chain: all.at(-1)?.after ?? firstLink(log.epoch),
    segments: all,
    accounts: writeAccounts(out, { run, lines: await accounts() }),
  });
  return { manifest, added };
}

/** Every run writes its own: until the manifest names it, that of the run before is there too. */
function writeAccounts(out: string, { run, lines }: { run: number; lines: readonly string[] }): BackupAccounts {
  const name = `accounts-${run}.ndjson`;
  const text = lines.map((line) => `${line}\n`).join('');
  writeWhole(join(out, name), text);
  return { name, rows: lines.length, sizeBytes: Buffer.byteLength(text), sha256: hash('sha256', text) };
}

/** The log must still hold the last event that was backed up, and the last segment must be what it was. */
async function assertGoesOn(out: string, before: BackupManifest, log: EventLog): Promise<void> {
  if (before.epoch !== log.epoch) {
    throw new VerbFailed('epoch-changed', `${out} is of another log, or of before this one was restored`);
  }
  const last = before.segments.at(-1);
  if (!last) return;
  const backedUp = lastEventOf(await checkedSegment(out, last));
  const [live] = await log.readStream(backedUp.stream, { from: backedUp.revision, limit: 1 });
  if (live && eventText(live) === eventText(backedUp)) return;
  throw new VerbFailed(
    'corrupt',
    `the log does not go on where the backup ends: ${backedUp.stream} revision ${backedUp.revision} is another event there, or none`,
  );
}

const OURS = /^(segments|accounts-\d+\.ndjson|manifest\.json\.partial|backup\.lock.*)$/;

function assertOurs(out: string): void {
  const foreign = readdirSync(out).find((name) => !OURS.test(name));
  if (foreign !== undefined) throw new VerbFailed('not-empty', `${out} holds something else: ${foreign}`);
}

const LEFT = /^(accounts-\d+\.ndjson|manifest\.json\.partial|segments\/\d{6,}\.ndjson(\.partial)?)$/;

/** What a run that was ended in the middle has left is made again; whatever else lies there is somebody's. */
function sweep(out: string, manifest: BackupManifest | null): void {
  const kept = new Set([manifest?.accounts.name, ...(manifest?.segments ?? []).map(({ name }) => name)]);
  const found = [...readdirSync(join(out, SEGMENTS)).map((name) => `${SEGMENTS}/${name}`), ...readdirSync(out)];
  for (const name of found) if (LEFT.test(name) && !kept.has(name)) rmSync(join(out, name));
}

interface Segments {
  add(page: readonly RecordedEvent[]): Promise<void>;
  end(): Promise<BackupSegment[]>;
  /** After a failure: what is half written stays so. */
  abandon(): Promise<void>;
}

interface Writing {
  handle: FileHandle;
  chain: ChainWriter;
  segment: BackupSegment;
}

/** Writes page after page, each segment under its name once it is whole and on stable storage. */
function createSegments(out: string, start: { from: number; link: string; segmentBytes: number }): Segments {
  const done: BackupSegment[] = [];
  let link = start.link;
  let writing: Writing | null = null;

  async function begin(first: number): Promise<Writing> {
    const name = `${SEGMENTS}/${String(start.from + done.length + 1).padStart(6, '0')}.ndjson`;
    const handle = await open(join(out, `${name}.partial`), 'wx', OWNER_ONLY);
    const segment = { name, first, last: first, events: 0, sizeBytes: 0, before: link, after: link };
    return { handle, chain: createChainWriter(link), segment };
  }

  async function finish(): Promise<void> {
    if (!writing) return;
    const { handle, segment } = writing;
    writing = null;
    await handle.close();
    publishFile(join(out, `${segment.name}.partial`), join(out, segment.name));
    done.push(segment);
    link = segment.after;
  }

  return {
    async add(page) {
      const [first] = page;
      if (!first) return;
      writing ??= await begin(first.position);
      const { chain, segment, handle } = writing;
      for (const event of page) chain.add(event);
      const lines = chain.take();
      await handle.writeFile(lines); // goes on where the disk has taken a part
      segment.events += page.length;
      segment.sizeBytes += lines.length;
      segment.last = page.at(-1)?.position ?? segment.last;
      segment.after = chain.link;
      if (segment.sizeBytes >= start.segmentBytes) await finish();
    },
    async end() {
      await finish();
      return done;
    },
    abandon: async () => writing?.handle.close(),
  };
}
