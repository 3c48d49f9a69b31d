import { hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../../../events/message-of.ts';
import { publishFile } from '../../../infra/disk/publish-file.ts';
import { VerbFailed } from '../io.ts';
import { firstLink } from './chain.ts';

export const MANIFEST = 'manifest.json';
export const SEGMENTS = 'segments';
export const BACKUP_SCHEMA_VERSION = 2;
const OWNER_ONLY = 0o600;

const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const File = z.object({
  name: z.string().regex(/^accounts-\d+\.ndjson$/),
  rows: z.int().min(0),
  sizeBytes: z.int().min(0),
  sha256: Hash,
});
const Segment = z.object({
  name: z.string().regex(/^segments\/\d{6,}\.ndjson$/),
  /** Positions of its first and last event. */
  first: z.int(),
  last: z.int(),
  events: z.int().min(1),
  sizeBytes: z.int().min(1),
  /** The chain's hash before its first line and that of its last: any segment can be checked by itself. */
  before: Hash,
  after: Hash,
});
const Manifest = z.object({
  schemaVersion: z.literal(BACKUP_SCHEMA_VERSION),
  kind: z.literal('backup'),
  /** The version of Hindsight that made it, and when it was made or last gone on with (RFC 3339). */
  version: z.string(),
  createdAt: z.string(),
  /** How often it was gone on with, from 1. */
  run: z.int().min(1),
  epoch: z.string(),
  /** Public form, of the last event. */
  position: z.string(),
  events: z.int().min(0),
  /** The hash of the last line of all: whoever keeps it elsewhere can tell this backup from any other. */
  chain: Hash,
  segments: z.array(Segment),
  accounts: File,
  /** Of the rest of this document, so that a change of it is found too. */
  sha256: Hash,
});
export type BackupSegment = z.infer<typeof Segment>;
export type BackupAccounts = z.infer<typeof File>;
export type BackupManifest = z.infer<typeof Manifest>;

export function writeManifest(folder: string, rest: Omit<BackupManifest, 'sha256'>): BackupManifest {
  const manifest = { ...rest, sha256: digest(rest) };
  const partial = join(folder, `${MANIFEST}.partial`);
  writeWhole(partial, textOf(manifest));
  publishFile(partial, join(folder, MANIFEST));
  return manifest;
}

/** On stable storage, for the owner only. */
export function writeWhole(file: string, text: string): void {
  const handle = openSync(file, 'w', OWNER_ONLY);
  try {
    writeFileSync(handle, text); // goes on where the disk has taken a part
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The manifest of a backup, whole and in itself without contradiction. Throws `VerbFailed`: `not-found`, `corrupt`. */
export async function readManifest(folder: string): Promise<BackupManifest> {
  let text: string;
  let value: unknown;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
    value = JSON.parse(text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new VerbFailed('not-found', `${folder} holds no ${MANIFEST}: it is no backup, or an unfinished one`);
    throw damaged(`${MANIFEST} cannot be read (${messageOf(error)})`);
  }
  const parsed = Manifest.safeParse(value);
  if (!parsed.success) throw versionTold(value) ?? damaged(`${MANIFEST}: ${z.prettifyError(parsed.error)}`);
  const { sha256, ...rest } = parsed.data;
  if (digest(rest) !== sha256 || textOf(parsed.data) !== text) throw damaged(`${MANIFEST} was changed`);
  const broken = brokenAt(parsed.data);
  if (broken !== null) throw damaged(`${MANIFEST} contradicts itself: ${broken}`);
  return parsed.data;
}

function versionTold(value: unknown): VerbFailed | null {
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version !== 'number' || version === BACKUP_SCHEMA_VERSION) return null;
  return new VerbFailed(
    'backup-version',
    `the backup has schema version ${version}, this program knows ${BACKUP_SCHEMA_VERSION}: use the version of Hindsight that made it`,
  );
}

/** Every segment begins where the one before ends. */
function brokenAt({ epoch, segments, events, chain }: BackupManifest): string | null {
  let link = firstLink(epoch);
  let count = 0;
  for (const segment of segments) {
    if (segment.before !== link) return `${segment.name} does not follow`;
    link = segment.after;
    count += segment.events;
  }
  if (link !== chain) return 'the chain ends elsewhere';
  return count === events ? null : `the segments have ${count} events, not ${events}`;
}

/** What the accounts of a backup are: `VerbFailed` where they are not what was backed up. */
export function readAccounts(folder: string, { name, sizeBytes, sha256 }: BackupAccounts): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(folder, name));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? damaged(`${name} is missing`) : error;
  }
  if (bytes.length !== sizeBytes) throw damaged(`${name} has ${bytes.length} bytes, not ${sizeBytes}`);
  if (hash('sha256', bytes) !== sha256) throw damaged(`${name} is not what was backed up (SHA-256)`);
  return bytes.toString('utf8');
}

export const damaged = (why: string): VerbFailed => new VerbFailed('corrupt', `the backup is damaged: ${why}`);
const textOf = (manifest: BackupManifest): string => `${JSON.stringify(manifest, null, 2)}\n`;
/** Both sides put the fields in the schema's order: the one by parsing, the other by writing them so. */
const digest = (rest: Omit<BackupManifest, 'sha256'>): string => hash('sha256', JSON.stringify(rest));
