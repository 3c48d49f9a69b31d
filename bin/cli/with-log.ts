import { existsSync } from 'node:fs';
import { loadConfig } from '../../infra/config.ts';
import { openEventLog, type SqliteEventLog } from '../../infra/sqlite/event-store/index.ts';
import { type DataFolder, dataFolder, dataFolderPaths } from '../data-folder.ts';
import { type OpenLog, openLog } from '../open-log.ts';
import { VerbFailed } from './io.ts';
import type { VerbContext } from './verb.ts';

/** Runs a verb that writes, on the log of the configured data folder, beside a running server or without one. */
export async function withLog<T>(
  { io, flags }: VerbContext,
  work: (log: OpenLog, folder: DataFolder) => Promise<T>,
): Promise<T> {
  const folder = dataFolder(configured({ io, flags }).data);
  const log = await openLog({
    file: folder.events,
    onFault: (what, error) => io.err(`warning: ${what}: ${String(error)}`),
  });
  try {
    return await work(log, folder);
  } finally {
    await log.close();
  }
}

/** Runs a verb that only reads. A data folder without a log is refused, and is not made one by looking into it. */
export async function withReadOnlyLog<T>(
  context: VerbContext,
  work: (log: SqliteEventLog, folder: DataFolder) => Promise<T>,
): Promise<T> {
  const folder = dataFolderPaths(configured(context).data);
  assertLog(folder);
  const log = await openEventLog({ file: folder.events });
  try {
    return await work(log, folder);
  } finally {
    await log.close();
  }
}

export function assertLog(folder: DataFolder): void {
  if (existsSync(folder.events)) return;
  throw new VerbFailed('not-found', `there is no log in ${folder.root}: name the data folder with --data`);
}

/** The configuration, its warnings printed. */
export function configured({ io, flags }: VerbContext): ReturnType<typeof loadConfig>['config'] {
  const { config, warnings } = loadConfig(flags());
  for (const warning of warnings) io.err(`warning: ${warning}`);
  return config;
}

/** The value of an outcome; a refusal ends the verb with exit code 1. */
export function valueOf<T>(
  outcome: { ok: true; value: T } | { ok: false; rejection: { code: string; detail: string } },
): T {
  if (!outcome.ok) throw new VerbFailed(outcome.rejection.code, outcome.rejection.detail);
  return outcome.value;
}
