import { loadConfig } from '../../infra/config.ts';
import { type DataFolder, dataFolder } from '../data-folder.ts';
import { type OpenLog, openLog } from '../open-log.ts';
import { type Io, VerbFailed } from './io.ts';
import type { VerbContext } from './verb.ts';

/** Runs a verb on the log of the configured data folder, beside a running server or without one. */
export async function withLog<T>({ io, flags }: VerbContext, work: (log: OpenLog, folder: DataFolder) => Promise<T>): Promise<T> {
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

/** The configuration, its warnings printed. */
export function configured({ io, flags }: VerbContext): ReturnType<typeof loadConfig>['config'] {
  const { config, warnings } = loadConfig(flags());
  for (const warning of warnings) io.err(`warning: ${warning}`);
  return config;
}

/** The value of an outcome; a refusal ends the verb with exit code 1. */
export function valueOf<T>(outcome: { ok: true; value: T } | { ok: false; rejection: { code: string; detail: string } }): T {
  if (!outcome.ok) throw new VerbFailed(outcome.rejection.code, outcome.rejection.detail);
  return outcome.value;
}

export type { Io };
