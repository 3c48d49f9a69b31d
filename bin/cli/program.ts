import { Command, Option } from 'commander';
import { envNameOf, SETTINGS, type SettingName } from '../../infra/config.ts';
import { VERSION } from '../package-root.ts';
import { backupVerb, restoreVerb } from './backup.ts';
import { blameVerb } from './blame.ts';
import { configVerb } from './config.ts';
import { devVerb } from './dev.ts';
import { diffVerb } from './diff.ts';
import { doctorVerb } from './doctor.ts';
import { eventsVerb } from './events.ts';
import { exportVerb } from './export.ts';
import { importVerb } from './import.ts';
import { migrateVerb } from './migrate.ts';
import { opsVerb } from './ops.ts';
import { parkedVerb } from './parked.ts';
import { projectionsVerb } from './projections/verb.ts';
import { queryVerb } from './query.ts';
import { replayVerb } from './replay.ts';
import { serveVerb } from './serve.ts';
import { upcastVerb } from './upcast.ts';
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
  (context: VerbContext): Command => eventsVerb(context).addCommand(upcastVerb(context)),
  exportVerb,
  replayVerb,
  projectionsVerb,
  parkedVerb,
  opsVerb,
  queryVerb,
  diffVerb,
  blameVerb,
  backupVerb,
  restoreVerb,
  migrateVerb,
  devVerb,
];

/** The command with all its verbs. It throws `CommanderError` rather than ending the process. */
export function createProgram(context: VerbContext): Command {
  const { io } = context;
  const program = new Command('hindsight')
    .description('An event-sourced chat engine: any chat, exactly as it stood at any moment.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what it takes)');
  for (const verb of VERBS) program.addCommand(inherit(verb(context), program));
  addSettings(program);
  return program;
}

/** Every setting is a flag of every verb, before or after its name. */
function addSettings(command: Command): void {
  for (const child of command.commands) addSettings(child);
  const isVerb = command.commands.length === 0 || command.options.length > 0;
  if (!isVerb && command.parent !== null) return;
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
