import type { Command } from 'commander';
import { createProgram } from '../cli/program.ts';
import { heading } from './markdown.ts';

const COLUMNS = 100;

export function cliPage(): string {
  let said = '';
  const program = createProgram({
    io: { out: () => undefined, err: () => undefined, drained: async () => undefined },
    flags: () => ({}),
    name: () => '',
  });
  const helpOf = (command: Command): string => {
    said = '';
    command.configureOutput({
      writeOut: (text) => (said += text),
      getOutHelpWidth: () => COLUMNS,
      getOutHasColors: () => false,
    });
    command.outputHelp();
    return said.trim();
  };
  const verbs = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
  return [
    heading('The command', 'bin/cli'),
    'In a checkout `npm run -s hindsight -- <verb>`, of the installed package `npx hindsight <verb>`. With `--json` a verb prints one JSON document on standard output and nothing else (`events` and `replay`: NDJSON); progress and warnings go to standard error. The exit code is 0 where it is done, 1 where it failed, 2 where it was called wrongly. Every setting is a flag of every verb: see [settings](settings.md). The verbs work beside a running server on the same data folder, and without one; `projections` and `parked` ask that server, also while its views still catch up, and wait up to half a minute for one that does not listen yet. Without a server one of these at a time has the folder, and so do `restore` and `migrate`: another one is told which and is refused.',
    ...verbs.flatMap((verb) =>
      leaves(verb).map(({ name, command }) => `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``),
    ),
  ].join('\n\n');
}

/** The verbs that do something: `import irc` rather than `import`. */
function leaves(command: Command): { name: string; command: Command }[] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');
  const own = below.length === 0 || command.options.length > 0 ? [{ name: command.name(), command }] : [];
  return [...own, ...below.flatMap(leaves).map((leaf) => ({ ...leaf, name: `${command.name()} ${leaf.name}` }))];
}
