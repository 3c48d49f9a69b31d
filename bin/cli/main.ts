import { type Command, CommanderError } from 'commander';
import { messageOf } from '../../events/message-of.ts';
import { ConfigError, type Overrides, SETTINGS, type SettingName } from '../../infra/config.ts';
import { endWithReader, type Io, processIo, VerbFailed, WrongUsage } from './io.ts';
import { createProgram } from './program.ts';

const EXIT_FAILED = 1;
const EXIT_WRONG_USAGE = 2;

/** The command `hindsight`. Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: readonly string[], io: Io = processIo): Promise<number> {
  if (io === processIo) endWithReader();
  let given: Overrides = {};
  let running = '';
  const program = createProgram({ io, flags: () => given, name: () => running });
  program.hook('preAction', (_, action) => {
    given = settingsOf(action);
    running = nameOf(action);
  });
  process.once('beforeExit', endInTheMiddle);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return report(error, { io, json: argv.includes('--json') });
  } finally {
    process.off('beforeExit', endInTheMiddle);
  }
}

/** All that is waited for can never come, as a promise of a user's handler that nobody keeps: Node would end without a word. */
function endInTheMiddle(): never {
  processIo.err('hindsight: ended in the middle: what it waits for can never come');
  process.exit(EXIT_FAILED);
}

function settingsOf(action: Command): Overrides {
  const values = action.optsWithGlobals<Record<string, unknown>>();
  return Object.fromEntries(
    (Object.keys(SETTINGS) as SettingName[])
      .filter((name) => values[name] !== undefined)
      .map((name) => [name, values[name]]),
  );
}

/** Without the program's own. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();

function report(error: unknown, { io, json }: { io: Io; json: boolean }): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0; // it was asked for help
  const wrongUsage = error instanceof CommanderError || error instanceof WrongUsage;
  const own = (error as { code?: unknown }).code;
  const code = wrongUsage ? 'bad-request' : typeof own === 'string' ? own : 'internal';
  const message = messageOf(error);
  const details = error instanceof VerbFailed ? error.details : {};
  if (json) io.out(JSON.stringify({ error: { code, message, ...details } }));
  if (!(error instanceof CommanderError)) io.err(`hindsight: ${message}`); // commander has said it
  if (wrongUsage || error instanceof ConfigError) return EXIT_WRONG_USAGE;
  if (!(error instanceof VerbFailed) && typeof own !== 'string')
    io.err(error instanceof Error ? (error.stack ?? '') : '');
  return EXIT_FAILED;
}
