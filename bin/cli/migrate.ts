import { Command } from 'commander';
import { type ClusterConfig, isCluster } from '../../infra/config.ts';
import { acquireServerLock } from '../../infra/sqlite/event-store/index.ts';
import { type DataFolder, dataFolderPaths } from '../data-folder.ts';
import type { MigratedAccounts } from '../migrate/accounts.ts';
import type { Migrated } from '../migrate/migrate.ts';
import { interruptible } from './interruptible.ts';
import { EXIT_FOUND, type Io, print, WrongUsage } from './io.ts';
import { barPerPhase } from './progress.ts';
import type { VerbContext } from './verb.ts';
import { assertLog, configured } from './with-log.ts';

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
  const unlock = await acquireServerLock(folder.root, 'migrate');
  const report = await interruptible((signal) => copy(context.io, { config, folder, signal })).finally(unlock);
  if (report.differenceCount > 0 || report.accounts.differences.length > 0) process.exitCode = EXIT_FOUND;
  print(context.io, options, { json: report, text: words(report) });
}

type Report = Migrated & { accounts: MigratedAccounts };

async function copy(
  io: Io,
  { config, folder, signal }: { config: ClusterConfig; folder: DataFolder; signal: AbortSignal },
): Promise<Report> {
  const { openEventStoreDb } = await import('../../infra/eventstoredb/event-store.ts');
  const { copyIntoCluster } = await import('../migrate/into-cluster.ts');
  const onFault = (what: string): void => io.err(`warning: ${what}`);
  const bars = barPerPhase('events');
  const target = await openEventStoreDb({ url: config.eventstoreUrl, heartbeat: null, onFault });
  try {
    const { events, accounts } = folder;
    const { log, grown, ...rest } = await copyIntoCluster({
      events,
      accounts,
      target,
      config,
      signal,
      onProgress: bars.update,
    });
    bars.stop();
    if (grown) io.err('warning: the log has grown meanwhile: run migrate once more');
    return { ...log, ...rest };
  } finally {
    bars.stop();
    await target.close();
  }
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
