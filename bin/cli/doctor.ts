import { Command } from 'commander';
import { ConfigError, isCluster, loadConfig } from '../../infra/config.ts';
import { dataFolderPaths } from '../data-folder.ts';
import { type Check, fine, looked, note, wrong } from './doctor/check.ts';
import { checkLog, checkViews, type LogChecks } from './doctor/log.ts';
import { disk, keyFile, nodeVersion, ports, server, sockets, sqliteVersion, writable } from './doctor/platform.ts';
import { EXIT_FOUND, print, table } from './io.ts';
import type { VerbContext } from './verb.ts';

export const doctorVerb = (context: VerbContext): Command =>
  new Command('doctor')
    .description(
      'Looks whether everything that Hindsight needs is there and sound. Exit code 1 where something is wrong.',
    )
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight doctor --data /var/lib/hindsight')
    .action(async (options: { json?: boolean }) => {
      const checks = await allChecks(context);
      const ok = checks.every(({ state }) => state !== 'wrong');
      print(context.io, options, {
        json: { ok, checks },
        text: `${table([['what', '', 'found'], ...checks.map(({ name, state, detail }) => [name, state, detail])])}\n${
          ok ? 'Nothing is wrong.' : 'Something is wrong: see above.'
        }`,
      });
      if (!ok) process.exitCode = EXIT_FOUND;
    });

async function allChecks({ flags }: VerbContext): Promise<Check[]> {
  const platform = [
    await looked('node', nodeVersion),
    await looked('sqlite', sqliteVersion),
    await looked('sockets', sockets),
  ];
  const settings = loadSettings(flags);
  if (!('loaded' in settings)) return [...platform, settings.check];
  const { config } = settings.loaded;
  const folder = dataFolderPaths(config.data);
  if (isCluster(config)) {
    const { clusterChecks } = await import('./doctor/cluster.ts'); // only here: a folder is looked at faster without it
    return [
      ...platform,
      settings.check,
      await looked('data folder', () => writable(folder)),
      ...(await clusterChecks(config)),
    ];
  }
  const log = await lookedAtLog(folder);
  return [
    ...platform,
    settings.check,
    await looked('data folder', () => writable(folder)),
    await looked('disk', () => disk(folder)),
    await looked('key', () => keyFile(folder)),
    await looked('server', () => server(folder)),
    await looked('ports', () => ports(folder, config)),
    ...log.checks,
    await looked('views', () => checkViews(folder, log.log)),
  ];
}

function loadSettings(
  flags: VerbContext['flags'],
): { check: Check; loaded: ReturnType<typeof loadConfig> } | { check: Check } {
  try {
    const loaded = loadConfig(flags());
    const { warnings, file } = loaded;
    const check =
      warnings.length > 0
        ? note('settings', warnings.join('; '))
        : fine('settings', file === null ? 'no configuration file' : `read from ${file}`);
    return { check, loaded };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { check: wrong('settings', error.problems.join('; ')) };
  }
}

async function lookedAtLog(folder: Parameters<typeof checkLog>[0]): Promise<LogChecks> {
  let found: LogChecks = { checks: [], log: null };
  const failure = await looked('log', async () => {
    found = await checkLog(folder);
    return fine('log', '');
  });
  return failure.state === 'wrong' ? { checks: [failure], log: null } : found;
}
