import { Command } from 'commander';
import { type ClusterConfig, isCluster } from '../../infra/config.ts';
import { acquireServerLock, openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { type DataFolder, dataFolderPaths } from '../data-folder.ts';
import type { MigratedAccounts } from '../migrate/accounts.ts';
import type { Migrated } from '../migrate/migrate.ts';
import type { OnProgress } from '../migrate/report.ts';
import { type Io, print, VerbFailed, WrongUsage } from './io.ts';
import { type Progress, progress } from './progress.ts';
import type { VerbContext } from './verb.ts';
import { assertLog, configured } from './with-log.ts';

const EXIT_DIFFERENT = 1;
const DIFFERENCES_PRINTED = 20;

export const migrateVerb = (context: VerbContext): Command =>
  new Command('migrate')
    .description(
      'Copies the log of a data folder, and the passwords beside it, into a cluster, and compares both logs event by event. No server may run on the folder. What is there already is compared and not copied again: a run that was ended is simply repeated.',
    )
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  HINDSIGHT_EVENTSTORE_URL=esdb://… HINDSIGHT_KAFKA_BROKERS=… HINDSIGHT_CASSANDRA_CONTACT_POINTS=… \\\n    HINDSIGHT_POSTGRES_URL=postgres://… hindsight migrate --data /srv/chat',
    )
    .action((options: { json?: boolean }) => migrate(context, options));

async function migrate(context: VerbContext, options: { json?: boolean }): Promise<void> {
  const config = configured(context);
  if (!isCluster(config)) throw new WrongUsage('name the cluster: HINDSIGHT_EVENTSTORE_URL and the other addresses');
  const folder = dataFolderPaths(config.data);
  assertLog(folder);
  const unlock = await acquireServerLock(folder.root);
  const report = await interruptible((signal) => copy(context.io, { config, folder, signal })).finally(unlock);
  if (report.differenceCount > 0 || report.accounts.differences.length > 0) process.exitCode = EXIT_DIFFERENT;
  print(context.io, options, { json: report, text: words(report) });
}

type Report = Migrated & { accounts: MigratedAccounts };

async function copy(
  io: Io,
  { config, folder, signal }: { config: ClusterConfig; folder: DataFolder; signal: AbortSignal },
): Promise<Report> {
  const { openEventStoreDb } = await import('../../infra/eventstoredb/event-store.ts');
  const { migrateAccounts } = await import('../migrate/accounts.ts');
  const { migrateLog } = await import('../migrate/migrate.ts');
  const onFault = (what: string): void => io.err(`warning: ${what}`);
  const source = await openEventLog({ file: folder.events });
  const opened: { close(): Promise<void> }[] = [source];
  const until = await source.head();
  const bars = barPerPhase(until);
  try {
    const target = await openEventStoreDb({ url: config.eventstoreUrl, heartbeat: null, onFault });
    opened.push(target);
    const log = await migrateLog({ source, target, until, signal, onProgress: bars.update });
    bars.stop();
    if ((await source.head()) !== until) io.err('warning: the log has grown meanwhile: run migrate once more');
    return { ...log, accounts: await migrateAccounts({ from: folder.accounts, to: config.postgresUrl }) };
  } finally {
    bars.stop();
    for (const one of opened.reverse()) await one.close();
  }
}

/** Ctrl-C ends it between two appends; what was copied is found by the next run. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const interrupt = (): void =>
    abort.abort(new VerbFailed('interrupted', 'ended in the middle: run it again, and it goes on where it was'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(abort.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** One bar after another. Positions of an embedded log have no gaps, so its last one says how many events there are. */
function barPerPhase(total: number): { update: OnProgress; stop(): void } {
  let current: { phase: string; bar: Progress } | null = null;
  const stop = (): void => {
    current?.bar.stop();
    current = null;
  };
  return {
    stop,
    update(phase, events) {
      if (current?.phase !== phase) {
        stop();
        current = { phase, bar: progress(phase, total, 'events') };
      }
      current.bar.update(events);
    },
  };
}

function words({ copied, already, streams, verified, differences, differenceCount, accounts }: Report): string {
  const shown = differences.slice(0, DIFFERENCES_PRINTED);
  return [
    `${copied} events copied, ${already} already there; ${verified} events in ${streams} streams are the same on both sides`,
    `passwords: ${accounts.copied} copied, ${accounts.already} already there; everybody has to sign in again`,
    ...(differenceCount > 0 ? [`${differenceCount} events differ:`] : []),
    ...shown.map(({ stream, revision, what }) => `  ${stream} revision ${revision}: ${what}`),
    ...(differenceCount > shown.length ? [`  … and ${differenceCount - shown.length} more: see --json`] : []),
    ...accounts.differences.map((userId) => `  user ${userId}: another password`),
  ].join('\n');
}
