import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { isCluster } from '../../infra/config.ts';
import { dataFolder, dataFolderPaths } from '../data-folder.ts';
import { accountLines } from './backup/accounts.ts';
import { readManifest } from './backup/manifest.ts';
import { parseRestorePoint } from './backup/point.ts';
import { type Act, recordAct } from './backup/record.ts';
import { describeComparison, describeVerified } from './backup/report.ts';
import { type Restored, type RestoredCluster, restoreInto, restoreIntoCluster } from './backup/restore.ts';
import { takeBackup } from './backup/take.ts';
import { compareWithLog, verifyBackup } from './backup/verify.ts';
import { interruptible } from './interruptible.ts';
import { EXIT_FOUND, print, VerbFailed, WrongUsage } from './io.ts';
import { barPerPhase, type Phases } from './progress.ts';
import { reasonOption } from './reason.ts';
import { codeOf } from './recorded.ts';
import type { VerbContext } from './verb.ts';
import { assertLog, configured, withReadOnlyLog } from './with-log.ts';

export const backupVerb = (context: VerbContext): Command => {
  const verb = new Command('backup')
    .description(
      'Takes a backup of all events and of the passwords, or adds to one what came since; `verify` checks one.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  hindsight backup --out /backups/chat\n  hindsight backup verify /backups/chat\n\n`hindsight backup take --help` and `hindsight backup verify --help` say more.',
    );
  // What is no verb of `backup` would go to the default one, which knows nothing of it.
  verb.hook('preSubcommand', ({ args: [first = '-'] }, chosen) => {
    if (!first.startsWith('-') && first !== chosen.name()) verb.error(`error: unknown command '${first}'`);
  });
  verb
    .command('take', { isDefault: true })
    .summary('adds to a backup what it lacks (what `backup` does by itself)')
    .description(
      'Copies all events and the passwords, as they stand at one moment, while servers run or not; of a data folder or of a cluster. In a folder that holds a backup of the same log already, only what came since is added. Every event is chained to all before it by SHA-256.',
    )
    .requiredOption('--out <folder>', 'a folder that is empty, not there yet, or holds a backup of this log')
    .addOption(reasonOption())
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nThe `chain` it prints is the hash of the last event: keep it elsewhere, and nobody can pass off another backup\nfor this one.\n\nExample:\n  hindsight backup --out /backups/chat',
    )
    .action((options: TakeOptions) => take(context, options));
  verb
    .command('verify')
    .summary('finds what was changed in a backup')
    .description(
      'Reads every byte of a backup and names each event that was changed, added, moved or is missing. Exit code 1 where anything is.',
    )
    .argument('<folder>', 'the backup')
    .option('--against-log', 'then hold every event against the log of the data folder or the cluster')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  hindsight backup verify /backups/chat\n  hindsight backup verify /backups/chat --against-log --data /srv/chat',
    )
    .action((folder: string, options: VerifyOptions) => verify(context, folder, options));
  return verb;
};

export const restoreVerb = (context: VerbContext): Command =>
  new Command('restore')
    .description(
      'Makes a data folder, or fills an empty event store, from a backup; of either kind. The log gets a new epoch, all sessions end, and the views rebuild themselves. Nothing is ever restored over a log.',
    )
    .requiredOption('--from <folder>', 'the backup')
    .option('--until <point>', 'a position as the backup knows it, or a UTC time: leave out what was recorded later')
    .addOption(reasonOption())
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nEnded in the middle, it is simply run again: a data folder is begun anew, an event store is filled up from where\nit was.\n\nExamples:\n  hindsight restore --from /backups/chat --data restored\n  hindsight restore --from /backups/chat --data restored --until 2026-02-02T18:00Z',
    )
    .action((options: RestoreOptions) => restore(context, options));

interface TakeOptions {
  out: string;
  reason?: string;
  json?: boolean;
}

async function take(context: VerbContext, { out, reason, json }: TakeOptions): Promise<void> {
  if (out === '') throw new WrongUsage('--out takes a folder');
  const config = configured(context);
  if (!isCluster(config)) assertLog(dataFolderPaths(config.data));
  const act: Act = { action: 'backup', target: resolve(out), reason };
  await recordAct(context, act, { outcome: 'asked' });
  const { manifest, added } = await withReadOnlyLog(context, (log) =>
    inPhases('positions', (phases) =>
      interruptible(
        (signal) =>
          takeBackup(out, {
            log,
            accounts: () => accountLines(config),
            onProgress(done, total) {
              signal.throwIfAborted();
              phases.update('backup', done, total);
            },
          }),
        'ended in the middle: what was backed up before is as it was',
      ),
    ),
  ).catch(async (error: unknown) => {
    await recordAct(context, act, { outcome: codeOf(error) });
    throw error;
  });
  const { events, position, chain } = manifest;
  await recordAct(context, act, { outcome: 'done', details: { events, added, position, chain } });
  print(
    context.io,
    { json: json ?? false },
    {
      json: { ...manifest, added },
      text: `${events} events through ${position} are in ${out}, ${added} of them new; chain ${chain}`,
    },
  );
}

interface VerifyOptions {
  againstLog?: boolean;
  json?: boolean;
}

async function verify(context: VerbContext, folder: string, options: VerifyOptions): Promise<void> {
  const manifest = await readManifest(folder);
  const { events } = manifest;
  await inPhases('events', async (phases) => {
    const check = await verifyBackup(folder, manifest, (done) => phases.update('check', done, events));
    phases.stop();
    const sound = check.damage.count === 0 && check.accounts === null;
    const comparison =
      options.againstLog && sound
        ? await withReadOnlyLog(context, (log) =>
            compareWithLog(log, { folder, manifest, onProgress: (done) => phases.update('compare', done, events) }),
          )
        : null;
    phases.stop();
    if (!sound || (comparison?.differences.count ?? 0) > 0) process.exitCode = EXIT_FOUND;
    const text = describeVerified(manifest, check) + (comparison ? `\n${describeComparison(comparison)}` : '');
    const { position, chain, segments } = manifest;
    const json = { events, position, chain, segments: segments.length, sound, ...check, comparison };
    print(context.io, options, { json, text });
  });
}

interface RestoreOptions {
  from: string;
  until?: string;
  reason?: string;
  json?: boolean;
}

async function restore(context: VerbContext, { from, until, reason, json }: RestoreOptions): Promise<void> {
  const asked = { from, until: until === undefined ? null : parseRestorePoint(until) };
  const config = configured(context);
  if (!existsSync(from)) throw new VerbFailed('not-found', `there is no folder ${from}`);
  let into = 'the event store';
  let restored: Restored;
  if (isCluster(config)) {
    const onFault = (what: string): void => context.io.err(`warning: ${what}`);
    const done = await interruptible((signal) => restoreIntoCluster(config, { ...asked, onFault, signal }));
    warnOfDifferences(context, done);
    restored = done;
  } else {
    const folder = dataFolder(config.data);
    into = folder.root;
    restored = await restoreInto(folder, asked);
  }
  // Before that there was no log to record it in.
  const { events, position, from: epoch } = restored;
  const details = { events, position, epoch, ...(until !== undefined && { until }) };
  await recordAct(context, { action: 'restore', target: resolve(from), reason }, { outcome: 'done', details });
  print(
    context.io,
    { json: json ?? false },
    {
      json: restored,
      text: `${restored.events} events through ${restored.position} are in ${into}; everybody has to sign in again`,
    },
  );
}

/** What was written was read again and compared; passwords that stood there before are left as they are. */
function warnOfDifferences({ io }: VerbContext, { log, accounts }: RestoredCluster): void {
  const [first] = log.differences;
  if (first) {
    const { stream, revision, what } = first;
    io.err(`warning: ${log.differenceCount} events differ, the first is ${stream} revision ${revision} (${what})`);
  }
  for (const userId of accounts.differences) io.err(`warning: user ${userId} has another password there`);
  if (first || accounts.differences.length > 0) process.exitCode = EXIT_FOUND;
}

async function inPhases<T>(unit: string, work: (phases: Phases) => Promise<T>): Promise<T> {
  const phases = barPerPhase(unit);
  try {
    return await work(phases);
  } finally {
    phases.stop();
  }
}
