import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { VerbFailed } from '../io.ts';

export const MANIFEST = 'manifest.json';
export const BACKUP_SCHEMA_VERSION = 1;

const File = z.object({ name: z.string(), sizeBytes: z.int().min(0), sha256: z.string() });
const Manifest = z.object({
  schemaVersion: z.literal(BACKUP_SCHEMA_VERSION),
  kind: z.literal('backup'),
  /** The version of Hindsight that made it. */
  version: z.string(),
  /** RFC 3339. */
  createdAt: z.string(),
  epoch: z.string(),
  /** Public form, of the last event. */
  position: z.string(),
  events: z.int().min(0),
  files: z.array(File),
  /** Of the rest of this document, so that a change of it is found too. */
  sha256: z.string(),
});
export type BackupFile = z.infer<typeof File>;
export type BackupManifest = z.infer<typeof Manifest>;

export async function describeFile(folder: string, name: string): Promise<BackupFile> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk as Buffer);
  return { name, sizeBytes: (await stat(join(folder, name))).size, sha256: hash.digest('hex') };
}

export async function writeManifest(folder: string, rest: Omit<BackupManifest, 'sha256'>): Promise<BackupManifest> {
  const manifest = { ...rest, sha256: digest(rest) };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true });
  return manifest;
}

/** The manifest of a backup that is whole: every file is there and is, byte for byte, what it was. */
export async function checkBackup(folder: string): Promise<BackupManifest> {
  const manifest = await readManifest(folder);
  const { sha256, ...rest } = manifest;
  if (digest(rest) !== sha256) throw damaged(`${MANIFEST} was changed`);
  for (const file of manifest.files) {
    const found = await describeFile(folder, file.name).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? damaged(`${file.name} is missing`) : error;
    });
    if (found.sizeBytes !== file.sizeBytes)
      throw damaged(`${file.name} has ${found.sizeBytes} bytes, not ${file.sizeBytes}`);
    if (found.sha256 !== file.sha256) throw damaged(`${file.name} is not what was backed up (SHA-256)`);
  }
  return manifest;
}

async function readManifest(folder: string): Promise<BackupManifest> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new VerbFailed('not-found', `${folder} holds no ${MANIFEST}: it is no backup, or an unfinished one`);
    throw damaged(`${MANIFEST} cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  const manifest = Manifest.safeParse(value);
  if (!manifest.success) throw damaged(`${MANIFEST}: ${z.prettifyError(manifest.error)}`);
  return manifest.data;
}

const damaged = (why: string): VerbFailed => new VerbFailed('corrupt', `the backup is damaged: ${why}`);
/** Both sides put the fields in the schema's order: the one by parsing, the other by writing them so. */
const digest = (rest: Omit<BackupManifest, 'sha256'>): string =>
  createHash('sha256').update(JSON.stringify(rest)).digest('hex');
