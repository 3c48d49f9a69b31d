import { Command, CommanderError, Option } from 'commander';
import { ConfigError, envNameOf, type Overrides, SETTINGS, type SettingName } from '../../infra/config.ts';
import { VERSION } from '../package-root.ts';
import { backupVerb, restoreVerb } from './backup.ts';
import { blameVerb } from './blame.ts';
import { configVerb } from './config.ts';
import { diffVerb } from './diff.ts';
import { doctorVerb } from './doctor.ts';
import { eventsVerb } from './events.ts';
import { importVerb } from './import.ts';
import { endWithReader, type Io, processIo, VerbFailed, WrongUsage } from './io.ts';
import { laterVerbs } from './later.ts';
import { opsVerb } from './ops.ts';
import { projectionsVerb } from './projections.ts';
import { replayVerb } from './replay.ts';
import { serveVerb } from './serve.ts';
import { userVerb } from './user.ts';
import type { VerbContext } from './verb.ts';
import { versionVerb } from './version.ts';

const VERBS = [
  serveVerb,
  doctorVerb,
  configVerb,
  versionVerb,
  importVerb,
  userVerb,
  eventsVerb,
  replayVerb,
  projectionsVerb,
  opsVerb,
  diffVerb,
  blameVerb,
  backupVerb,
  restoreVerb,
];

const EXIT_FAILED = 1;
const EXIT_WRONG_USAGE = 2;

/** The command `hindsight`. Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: readonly string[], io: Io = processIo): Promise<number> {
  const program = new Command('hindsight')
    .description('An event-sourced chat engine: any chat, exactly as it stood at any moment.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what it takes)');
  if (io === processIo) endWithReader();
  const context: VerbContext = { io, flags: () => given };
  let given: Overrides = {};
  for (const verb of VERBS) program.addCommand(inherit(verb(context), program));
  for (const verb of laterVerbs) program.addCommand(inherit(verb(context), program), { hidden: true });
  addSettings(program);
  program.hook('preAction', (_, action) => {
    given = settingsOf(action);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return report(error, { io, json: argv.includes('--json') });
  }
}

/** Every setting is a flag of every verb, before or after its name. */
function addSettings(command: Command): void {
  for (const child of command.commands) addSettings(child);
  if (command.commands.length > 0 && command.parent !== null) return;
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    command.addOption(
      new Option(`${flag} <value>`, `${SETTINGS[name].what} (${envNameOf(name)})`).hideHelp(name !== 'data'),
    );
  }
}

function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

function settingsOf(action: Command): Overrides {
  const values = action.optsWithGlobals<Record<string, unknown>>();
  return Object.fromEntries(
    (Object.keys(SETTINGS) as SettingName[])
      .filter((name) => values[name] !== undefined)
      .map((name) => [name, values[name]]),
  );
}

function report(error: unknown, { io, json }: { io: Io; json: boolean }): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_WRONG_USAGE; // commander has said why
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? error.message : String(error);
  if (json) io.out(JSON.stringify({ error: { code: typeof code === 'string' ? code : 'internal', message } }));
  io.err(`hindsight: ${message}`);
  if (error instanceof WrongUsage || error instanceof ConfigError) return EXIT_WRONG_USAGE;
  if (!(error instanceof VerbFailed) && typeof code !== 'string')
    io.err(error instanceof Error ? (error.stack ?? '') : '');
  return EXIT_FAILED;
}
