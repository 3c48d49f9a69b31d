import { existsSync } from 'node:fs';
import type { EventLog } from '../../events/event-store.ts';
import { type Config, isCluster, loadConfig } from '../../infra/config.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { closingAfter } from '../close-all.ts';
import { type DataFolder, dataFolder, dataFolderPaths } from '../data-folder.ts';
import { openLog } from '../embedded/open-log.ts';
import { openSecrets, type Secrets } from '../open-auth.ts';
import type { OpenLog } from '../write-side.ts';
import { VerbFailed } from './io.ts';
import type { VerbContext } from './verb.ts';

/** What a verb stands on besides the log. */
export interface Ground {
  readonly config: Config;
  /** Of the data folder; in a cluster it holds nothing. */
  readonly folder: DataFolder;
  /** Whoever asks for the accounts closes them. */
  secrets(): Promise<Secrets>;
}

const FAULTS_SHOWN_MAX = 20;

type Work<T> = (log: OpenLog, ground: Ground) => Promise<T>;

/** Runs a verb that writes, on the log of the configured data folder or cluster, beside running servers or without any. */
export async function withLog<T>(context: VerbContext, work: Work<T>): Promise<T> {
  const config = configured(context);
  const warn = context.io.err;
  const { warn: onFault, end } = faultsOn(context.io);
  if (isCluster(config)) {
    const { openGround } = await import('../cluster/ground.ts'); // only here: verbs on a folder start faster without it
    const { log, secrets, close } = await openGround(config, onFault);
    return closingAfter({ closing: [end, close], warn }, () =>
      work(log, { config, folder: dataFolderPaths(config.data), secrets }),
    );
  }
  const folder = dataFolder(config.data);
  const log = await openLog({ file: folder.events, onFault });
  return closingAfter({ closing: [end, log.close], warn }, () =>
    work(log, { config, folder, secrets: () => openSecrets(folder) }),
  );
}

/** What a slow server makes of a long import is said a few times, not thousands. */
function faultsOn(io: VerbContext['io']): { warn(what: string, error?: unknown): void; end(): void } {
  let faults = 0;
  return {
    warn(what, error) {
      faults++;
      if (faults > FAULTS_SHOWN_MAX) return;
      const why = error instanceof Error ? error.message : JSON.stringify(error);
      io.err(`warning: ${what}${error === undefined ? '' : `: ${why}`}`);
    },
    end() {
      if (faults > FAULTS_SHOWN_MAX) io.err(`warning: and ${faults - FAULTS_SHOWN_MAX} more like these`);
    },
  };
}

/** Runs a verb that only reads. A data folder without a log is refused, and is not made one by looking into it. */
export async function withReadOnlyLog<T>(
  context: VerbContext,
  work: (log: EventLog) => Promise<T>,
  options: { watch?: boolean } = {},
): Promise<T> {
  const config = configured(context);
  if (isCluster(config)) {
    const { openEventStoreDb } = await import('../../infra/eventstoredb/event-store.ts');
    const store = await openEventStoreDb({ url: config.eventstoreUrl, heartbeat: null });
    return closingAfter({ closing: [store.close], warn: context.io.err }, () => work(store));
  }
  const folder = dataFolderPaths(config.data);
  assertLog(folder);
  const log = await openEventLog({ file: folder.events, ...options });
  return closingAfter({ closing: [log.close], warn: context.io.err }, () => work(log));
}

export function assertLog(folder: DataFolder): void {
  if (existsSync(folder.events)) return;
  throw new VerbFailed('not-found', `there is no log in ${folder.root}: name the data folder with --data`);
}

/** The configuration, its warnings printed. */
export function configured({ io, flags }: VerbContext): Config {
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
