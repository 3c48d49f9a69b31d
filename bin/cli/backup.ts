import { Command } from 'commander';
import { dataFolder } from '../data-folder.ts';
import { parsePoint } from './backup/point.ts';
import { restoreInto } from './backup/restore.ts';
import { takeBackup } from './backup/take.ts';
import { print } from './io.ts';
import type { VerbContext } from './verb.ts';
import { assertLog, embeddedFolder } from './with-log.ts';

export const backupVerb = (context: VerbContext): Command =>
  new Command('backup')
    .description(
      'Copies the log, the accounts and the keys as they stand at one moment, beside a running server or without one.',
    )
    .requiredOption('--out <folder>', 'a folder that is empty, or not there yet')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight backup --out /backups/2026-02-03')
    .action(async ({ out, json }: { out: string; json?: boolean }) => {
      const folder = embeddedFolder(context, 'each server is backed up by its own tools');
      assertLog(folder);
      const manifest = await takeBackup(folder, out);
      print(
        context.io,
        { json: json ?? false },
        {
          json: manifest,
          text: `${manifest.events} events through ${manifest.position} are in ${out}`,
        },
      );
    });

export const restoreVerb = (context: VerbContext): Command =>
  new Command('restore')
    .description(
      'Makes a data folder from a backup. The log gets a new epoch, all sessions end, and the views rebuild themselves.',
    )
    .requiredOption('--from <folder>', 'the backup')
    .option('--until <point>', 'a position as the backup knows it, or a UTC time: leave out what was recorded later')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  hindsight restore --from /backups/2026-02-03 --data restored\n  hindsight restore --from /backups/2026-02-03 --data restored --until 2026-02-02T18:00Z',
    )
    .action(async ({ from, until, json }: { from: string; until?: string; json?: boolean }) => {
      const point = until === undefined ? null : parsePoint(until);
      const folder = dataFolder(embeddedFolder(context, 'the event store is restored by its own tools').root);
      const restored = await restoreInto(folder, { from, until: point });
      print(
        context.io,
        { json: json ?? false },
        {
          json: restored,
          text: `${restored.events} events through ${restored.position} are in ${folder.root}; everybody has to sign in again`,
        },
      );
    });
