import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { ServerStatus } from '../dev-servers/index.ts';
import { type Io, print, table } from './io.ts';
import type { VerbContext } from './verb.ts';
import { configured } from './with-log.ts';

const FOLDER = 'dev-servers';
/** Only once it is needed: it brings the clients of all the servers with it, and every verb would wait for them. */
const devServers = () => import('../dev-servers/index.ts');
const WHERE = 'where their data, logs and servers.json are (default: dev-servers in the data folder)';

interface DevOptions {
  dir?: string;
  json?: boolean;
}

export const devVerb = (context: VerbContext): Command => {
  const { io } = context;
  const verb = new Command('dev').description('Servers for development, on this machine and without Docker.');
  const folderOf = (options: DevOptions): string => resolve(options.dir ?? join(configured(context).data, FOLDER));
  const say = (line: string): void => io.err(line);
  subcommand(verb, 'up')
    .description(
      'Starts Kafka, Cassandra, Postgres and a stand-in event store (not EventStoreDB), waits until each serves, and prints the settings to export. They go on when the command has ended.',
    )
    .addHelpText('after', '\nExample:\n  eval "$(hindsight dev up)" && hindsight serve')
    .action(async (options: DevOptions) => {
      const folder = folderOf(options);
      const servers = await (await devServers()).up({ folder, say });
      report(io, options, { folder, servers, text: exportsOf(servers) });
    });
  subcommand(verb, 'status')
    .description('What of them runs, and where.')
    .addHelpText('after', '\nExample:\n  hindsight dev status --json')
    .action(async (options: DevOptions) => {
      const folder = folderOf(options);
      const servers = (await devServers()).status(folder);
      report(io, options, { folder, servers, text: tableOf(servers) });
    });
  subcommand(verb, 'down')
    .description('Stops them, each by its own process id. Their data and ports stay for the next time.')
    .addHelpText('after', '\nExample:\n  hindsight dev down')
    .action(async (options: DevOptions) => {
      const folder = folderOf(options);
      const { down, status } = await devServers();
      if (status(folder).every(({ state }) => state !== 'running')) say(`nothing runs in ${folder}`);
      const servers = await down({ folder, say });
      report(io, options, { folder, servers, text: null });
    });
  return verb;
};

const subcommand = (verb: Command, name: string): Command =>
  verb.command(name).option('--dir <folder>', WHERE).option('--json', 'one JSON document');

interface Report {
  folder: string;
  servers: readonly ServerStatus[];
  /** For people; null where all has been said already. */
  text: string | null;
}

function report(io: Io, options: DevOptions, { folder, servers, text }: Report): void {
  if (text === null && !options.json) return;
  print(io, options, { json: { folder, env: envOf(servers), servers }, text: text ?? '' });
}

const envOf = (servers: readonly ServerStatus[]): Record<string, string> =>
  Object.assign({}, ...servers.map(({ env }) => env)) as Record<string, string>;

const exportsOf = (servers: readonly ServerStatus[]): string =>
  Object.entries(envOf(servers))
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`)
    .join('\n');

const tableOf = (servers: readonly ServerStatus[]): string =>
  table([
    ['server', 'state', 'pid', 'port', 'log'],
    ...servers.map(({ title, state, pid, ports, log }) => [
      title,
      state,
      String(pid ?? '-'),
      String(ports['client'] ?? '-'),
      log,
    ]),
  ]);
