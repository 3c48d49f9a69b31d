import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePosition, parsePosition } from '../../../events/position.ts';
import type { ClusterConfig } from '../../../infra/config.ts';
import { writeCredentials } from '../../../infra/sqlite/accounts/credentials.ts';
import { discardDatabase } from '../../../infra/sqlite/database.ts';
import { acquireServerLock } from '../../../infra/sqlite/event-store/index.ts';
import { restoreEventLog } from '../../../infra/sqlite/event-store/restore.ts';
import type { DataFolder } from '../../data-folder.ts';
import type { MigratedAccounts } from '../../migrate/accounts.ts';
import type { Migrated } from '../../migrate/migrate.ts';
import { VerbFailed } from '../io.ts';
import { barPerPhase, progress } from '../progress.ts';
import { credentialsOf } from './accounts.ts';
import { type BackupManifest, readAccounts, readManifest } from './manifest.ts';
import type { RestorePoint } from './point.ts';
import { backedUpPages } from './read.ts';

export interface Restored {
  /** What stands in the log now. */
  events: number;
  /** Public form, of the new epoch. */
  position: string;
  epoch: string;
  /** The epoch of the backup. */
  from: string;
}

interface Asked {
  from: string;
  until: RestorePoint | null;
}

/** Never over a log that is there, and never while a server runs. The log takes its place last: until then nothing is restored. */
export async function restoreInto(folder: DataFolder, asked: Asked): Promise<Restored> {
  const unlock = await acquireServerLock(folder.root, 'restore');
  try {
    if (existsSync(folder.events)) {
      throw new VerbFailed(
        'not-empty',
        `${folder.root} has a log already: restore into another folder (--data), or move it away`,
      );
    }
    const manifest = await readManifest(asked.from);
    assertReaches(manifest, asked.until);
    discardDatabase(folder.views);
    discardDatabase(folder.events); // side files of a log that is gone would be taken for this one's
    await restoreAccounts(folder.accounts, { from: asked.from, manifest });
    const { epoch, events } = await restoreLog(folder.events, { ...asked, manifest });
    return { events, position: encodePosition(epoch, events), epoch, from: manifest.epoch };
  } finally {
    unlock();
  }
}

export interface RestoredCluster extends Restored {
  log: Migrated;
  accounts: MigratedAccounts;
}

/**
 * Into an event store that is empty, or that holds the beginnings of this restore and nothing else: the backup becomes
 * a log of its own first, in the folder for temporary files, and is copied from there, as a data folder is migrated.
 */
export async function restoreIntoCluster(
  config: ClusterConfig,
  { onFault, signal, ...asked }: Asked & { onFault: (what: string) => void; signal: AbortSignal },
): Promise<RestoredCluster> {
  const manifest = await readManifest(asked.from);
  assertReaches(manifest, asked.until);
  const { openEventStoreDb } = await import('../../../infra/eventstoredb/event-store.ts');
  const { copyIntoCluster } = await import('../../migrate/into-cluster.ts');
  const target = await openEventStoreDb({ url: config.eventstoreUrl, heartbeat: null, onFault });
  const draft = await mkdtemp(join(tmpdir(), 'hindsight-restore-'));
  const bars = barPerPhase('events');
  try {
    const { epoch } = target;
    if (epoch === manifest.epoch) throw veryLog();
    const files = { events: join(draft, 'events.db'), accounts: join(draft, 'accounts.db') };
    await restoreAccounts(files.accounts, { from: asked.from, manifest });
    const { events } = await restoreLog(files.events, { ...asked, manifest });
    const copied = await copyIntoCluster({ ...files, target, config, signal, onProgress: bars.update });
    return { events, position: encodePosition(epoch, await target.head()), epoch, from: manifest.epoch, ...copied };
  } finally {
    bars.stop();
    await target.close();
    await rm(draft, { recursive: true });
  }
}

const veryLog = (): VerbFailed =>
  new VerbFailed('not-empty', 'the event store holds the very log that was backed up: restore into an empty one');

function assertReaches(manifest: BackupManifest, until: RestorePoint | null): void {
  if (until === null || 'time' in until) return;
  if (until.epoch !== manifest.epoch) {
    throw new VerbFailed('epoch-changed', '--until is a position of another log than the backup');
  }
  const last = parsePosition(manifest.position)?.position ?? 0;
  if (until.position > last) throw new VerbFailed('as-of-unknown', `the backup ends at ${manifest.position}`);
}

async function restoreLog(
  to: string,
  { from, until, manifest }: Asked & { manifest: BackupManifest },
): ReturnType<typeof restoreEventLog> {
  const bar = progress('restore', manifest.events, 'events');
  try {
    return await restoreEventLog({ to, pages: backedUpPages(from, manifest, until), onProgress: bar.update });
  } finally {
    bar.stop();
  }
}

async function restoreAccounts(
  to: string,
  { from, manifest }: { from: string; manifest: BackupManifest },
): Promise<void> {
  const credentials = credentialsOf(readAccounts(from, manifest.accounts));
  const draft = `${to}.restoring`;
  discardDatabase(draft);
  await writeCredentials(draft, credentials);
  discardDatabase(to); // without a log they were of nobody
  await rename(draft, to);
}
