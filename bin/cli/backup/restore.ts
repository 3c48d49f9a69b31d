import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { encodePosition, parsePosition } from '../../../events/position.ts';
import { endAllSessions } from '../../../infra/sqlite/accounts/end-sessions.ts';
import { copyDatabase } from '../../../infra/sqlite/copy.ts';
import { restoreEventLog } from '../../../infra/sqlite/event-store/backup.ts';
import { acquireServerLock } from '../../../infra/sqlite/event-store/index.ts';
import { discardViews } from '../../../infra/sqlite/views/open-store.ts';
import type { DataFolder } from '../../data-folder.ts';
import { VerbFailed } from '../io.ts';
import { progress } from '../progress.ts';
import { type BackupManifest, checkBackup } from './manifest.ts';
import type { RestorePoint } from './point.ts';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

export interface Restored {
  /** What stands in the data folder now. */
  events: number;
  /** Public form, of the new epoch. */
  position: string;
  epoch: string;
  /** The epoch of the backup. */
  from: string;
}

/** Never over a log that is there, and never while a server runs. The log takes its place last: until then nothing is restored. */
export async function restoreInto(
  folder: DataFolder,
  { from, until }: { from: string; until: RestorePoint | null },
): Promise<Restored> {
  const unlock = await acquireServerLock(folder.root);
  try {
    if (existsSync(folder.events)) {
      throw new VerbFailed(
        'not-empty',
        `${folder.root} has a log already: restore into another folder (--data), or move it away`,
      );
    }
    const manifest = await checkBackup(from);
    const end = endOf(manifest, until);
    await discardViews(folder.views);
    await restoreAccounts(folder, { from, manifest });
    await restoreKeys(folder, { from, manifest });
    await discard(folder.events); // side files of a log that is gone would be taken for this one's
    const { epoch, events } = await restoreLog(join(from, 'events.db'), { to: folder.events, manifest, until: end });
    return { events, position: encodePosition(epoch, events), epoch, from: manifest.epoch };
  } finally {
    unlock();
  }
}

type End = { position: number } | { time: number } | null;

function endOf(manifest: BackupManifest, until: RestorePoint | null): End {
  if (until === null || 'time' in until) return until;
  if (until.epoch !== manifest.epoch) {
    throw new VerbFailed('epoch-changed', '--until is a position of another log than the backup');
  }
  const last = parsePosition(manifest.position)?.position ?? 0;
  if (until.position > last) throw new VerbFailed('as-of-unknown', `the backup ends at ${manifest.position}`);
  return { position: until.position };
}

/** Positions have no gaps in such a log, so the last one is also how many events there are. */
async function restoreLog(
  from: string,
  { to, manifest, until }: { to: string; manifest: BackupManifest; until: End },
): ReturnType<typeof restoreEventLog> {
  const bar = progress('restore', manifest.events, 'events');
  try {
    return await restoreEventLog({ from, to, ...(until && { until }), onProgress: bar.update });
  } finally {
    bar.stop();
  }
}

async function restoreAccounts(
  folder: DataFolder,
  { from, manifest }: { from: string; manifest: BackupManifest },
): Promise<void> {
  await discard(folder.accounts); // without a log they were of nobody
  if (!manifest.files.some(({ name }) => name === 'accounts.db')) return;
  const draft = `${folder.accounts}.restoring`;
  await discard(draft);
  await copyDatabase(join(from, 'accounts.db'), draft);
  await chmod(draft, OWNER_ONLY);
  await endAllSessions(draft);
  await rename(draft, folder.accounts);
}

async function restoreKeys(
  folder: DataFolder,
  { from, manifest }: { from: string; manifest: BackupManifest },
): Promise<void> {
  const keys = manifest.files.filter(({ name }) => /^keys\/[A-Za-z0-9.-]+\.pem$/.test(name));
  if (keys.length === 0) return;
  await mkdir(folder.keys, { recursive: true, mode: OWNER_ONLY_FOLDER });
  for (const { name } of keys) {
    const file = join(folder.keys, basename(name));
    await copyFile(join(from, name), file);
    await chmod(file, OWNER_ONLY);
  }
}

async function discard(database: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${database}${suffix}`, { force: true });
}
