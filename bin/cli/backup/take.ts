import { existsSync, readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePosition } from '../../../events/position.ts';
import { copyDatabase } from '../../../infra/sqlite/copy.ts';
import { backupEventLog } from '../../../infra/sqlite/event-store/backup.ts';
import { inspectEventLog } from '../../../infra/sqlite/event-store/inspect.ts';
import type { DataFolder } from '../../data-folder.ts';
import { VERSION } from '../../package-root.ts';
import { VerbFailed } from '../io.ts';
import { progress } from '../progress.ts';
import {
  BACKUP_SCHEMA_VERSION,
  type BackupFile,
  type BackupManifest,
  describeFile,
  writeManifest,
} from './manifest.ts';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** The manifest comes last: a folder without one is no backup. Throws `VerbFailed` where the copy is damaged. */
export async function takeBackup(folder: DataFolder, out: string): Promise<BackupManifest> {
  await mkdir(out, { recursive: true, mode: OWNER_ONLY_FOLDER });
  if (readdirSync(out).length > 0) throw new VerbFailed('not-empty', `${out} is not empty`);
  try {
    return await copyAll(folder, out);
  } catch (error) {
    for (const name of readdirSync(out)) await rm(join(out, name), { recursive: true }); // half a backup helps nobody
    throw error;
  }
}

async function copyAll(folder: DataFolder, out: string): Promise<BackupManifest> {
  const createdAt = new Date().toISOString();
  // The log before the accounts: a user of the log then always has a password, even one who came in between.
  await backupEventLog(folder.events, join(out, 'events.db'));
  const log = await inspectEventLog(join(out, 'events.db'));
  if (log.damage.length > 0) throw new VerbFailed('corrupt', `the log is damaged: ${log.damage.join('; ')}`);
  const names = ['events.db'];
  if (existsSync(folder.accounts)) {
    await copyDatabase(folder.accounts, join(out, 'accounts.db'));
    names.push('accounts.db');
  }
  names.push(...(await copyKeys(folder, out)));
  for (const name of names) await chmod(join(out, name), OWNER_ONLY); // whatever the folder's own mode is
  return writeManifest(out, {
    schemaVersion: BACKUP_SCHEMA_VERSION,
    kind: 'backup',
    version: VERSION,
    createdAt,
    epoch: log.epoch,
    position: encodePosition(log.epoch, log.lastPosition),
    events: log.events,
    files: await describeAll(out, names),
  });
}

async function copyKeys(folder: DataFolder, out: string): Promise<string[]> {
  if (!existsSync(folder.keys)) return [];
  await mkdir(join(out, 'keys'), { mode: OWNER_ONLY_FOLDER });
  const names = readdirSync(folder.keys).filter((name) => name.endsWith('.pem'));
  for (const name of names) await copyFile(join(folder.keys, name), join(out, 'keys', name));
  return names.map((name) => `keys/${name}`);
}

async function describeAll(out: string, names: readonly string[]): Promise<BackupFile[]> {
  const bar = progress('check', names.length, 'files');
  const files: BackupFile[] = [];
  try {
    for (const name of names) {
      files.push(await describeFile(out, name));
      bar.update(files.length);
    }
  } finally {
    bar.stop();
  }
  return files;
}
