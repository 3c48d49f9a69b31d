import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { type EventsReport, type ImportFile, importChat, importEvents } from '../../commands/index.ts';
import { accepted } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';
import { OPERATOR } from '../../gateway/auth/access-tokens.ts';
import { ircDay } from '../../infra/formats/irc.ts';
import { ids, type OpenLog } from '../write-side.ts';
import { filesOfEvents } from './exported-files.ts';
import { EXIT_FOUND, type Io, print, VerbFailed, WrongUsage } from './io.ts';
import { progress } from './progress.ts';
import { reasonOption } from './reason.ts';
import { type Act, recorded } from './recorded.ts';
import type { VerbContext } from './verb.ts';
import { valueOf, withLog } from './with-log.ts';

/** Whom an imported group belongs to where no `--member` is named. */
const IMPORTER = 'importer';
const UNREADABLE_SHOWN = 20;

interface Options {
  reason?: string;
  json?: boolean;
}

interface IrcOptions extends Options {
  chat: string;
  member: string[];
}

export const importVerb = (context: VerbContext): Command => {
  const verb = new Command('import').description(
    'Takes in chats from elsewhere. Repeating an import appends nothing to them; one that was interrupted goes on.',
  );
  verb
    .command('irc')
    .description('IRC day logs (YYYY-MM-DD…, 24-hour, UTC) into one group.')
    .argument('<file...>', 'day files, taken in the order of their dates')
    .requiredOption('--chat <title>', 'title of the group; with the same title the import goes on')
    .option('--member <username>', 'an admin of the group (repeatable)', collect, [])
    .addOption(reasonOption())
    .option('--json', 'one JSON document')
    .addHelpText('after', "\nExample:\n  hindsight import irc --chat '#ubuntu' --member ada logs/2004-*.txt")
    .action((files: string[], options: IrcOptions) => importIrc(context, files, options));
  verb
    .command('ndjson')
    .description('Events as `hindsight events` and `export events` write them, under their own ids, seqs and times.')
    .argument('<file>', 'NDJSON, an event a line; or the folder of an export of events in that format')
    .addOption(reasonOption())
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  hindsight events --json > all.ndjson && hindsight import ndjson all.ndjson --data other\n  hindsight import ndjson exported/ --data other',
    )
    .action((file: string, options: Options) => importNdjson(context, file, options));
  return verb;
};

const collect = (value: string, before: string[]): string[] => [...before, value];

async function importIrc(context: VerbContext, paths: readonly string[], options: IrcOptions): Promise<void> {
  const files = dayFiles(paths);
  const total = files.reduce((sum, file) => sum + [...file.lines()].length, 0);
  const report = await withLog(context, async (log) => {
    const members = await usersNamed(log, options.member);
    const act = actOf('import-irc', { names: files.map(({ name }) => name), options });
    const take = async (): ReturnType<typeof importChat> => {
      const admins = members.length > 0 ? members : [await importerOf(log)];
      const bar = progress('import', total, 'lines');
      return importChat(
        { store: log.store, commands: log.commands, ids, clock: log.clock, onProgress: bar.update },
        { source: 'irc', title: options.chat, actor: OPERATOR, admins, files },
      ).finally(bar.stop);
    };
    return recorded({ log, io: context.io, act }, take, countsOf);
  });
  printReport(context.io, options, valueOf(report));
}

/** In the order of their dates. A base name is part of the identity of its lines, so it can stand only once. */
function dayFiles(paths: readonly string[]): ImportFile[] {
  const files = paths.map(readDay).sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = files.find((file, index) => file.name === files[index + 1]?.name);
  if (twice) throw new WrongUsage(`two files are called ${twice.name}: their lines could not be told apart`);
  return files;
}

/** Read when it is its turn, so that years of logs need the memory of a day. */
function readDay(path: string): ImportFile {
  const name = basename(path);
  if (!ircDay(name, new Uint8Array())) {
    throw new WrongUsage(`${path}: the name of a day file begins with its date, as 2004-12-25.txt`);
  }
  return { name, lines: () => ircDay(name, readFileSync(path))?.lines() ?? [] };
}

function usersNamed(log: OpenLog, usernames: readonly string[]): Promise<UserId[]> {
  return Promise.all(
    [...new Set(usernames)].map(async (username) => {
      const userId = await log.commands.userNamed(username);
      if (userId === null)
        throw new VerbFailed(
          'user-not-found',
          `there is no user ${username}: create it with \`hindsight user create ${username} --password-stdin\``,
        );
      return userId;
    }),
  );
}

async function importerOf(log: OpenLog): Promise<UserId> {
  const known = await log.commands.userNamed(IMPORTER);
  if (known !== null) return known;
  const made = await log.commands.registerUser({
    userId: ids.ulid(),
    username: IMPORTER,
    displayName: 'Importer',
    password: false,
    commandId: ids.ulid(),
  });
  return valueOf(made).userId;
}

async function importNdjson(context: VerbContext, path: string, options: Options): Promise<void> {
  const paths = statSync(path).isDirectory() ? await filesOfEvents(path) : [path];
  const report = await withLog(context, (log) => {
    const act = actOf('import-ndjson', { names: paths.map((file) => basename(file)), options });
    return recorded({ log, io: context.io, act }, () => importFiles(log, paths), countsOf);
  });
  printReport(context.io, options, valueOf(report));
}

async function importFiles(log: OpenLog, paths: readonly string[]): ReturnType<typeof importEvents> {
  let whole: EventsReport | null = null;
  for (const file of paths) {
    const taken = await importFile(log, file);
    if (!taken.ok) return taken;
    whole = whole === null ? taken.value : together(whole, taken.value);
  }
  return accepted(whole ?? NOTHING);
}

async function importFile(log: OpenLog, path: string): ReturnType<typeof importEvents> {
  const file = await open(path);
  const bar = progress('import', (await file.stat()).size, 'bytes');
  const input = file.createReadStream();
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    const onProgress = (): void => bar.update(input.bytesRead);
    return await importEvents(log.store, { file: basename(path), lines, onProgress });
  } finally {
    bar.stop();
    input.destroy();
  }
}

const NOTHING: EventsReport = { chatId: null, lines: 0, appended: 0, already: 0, unreadable: [] };

const together = (a: EventsReport, b: EventsReport): EventsReport => ({
  chatId: a.chatId === b.chatId ? a.chatId : null,
  lines: a.lines + b.lines,
  appended: a.appended + b.appended,
  already: a.already + b.already,
  unreadable: [...a.unreadable, ...b.unreadable],
});

/** Of files their names, no more: a title or a line is words of the chat. */
function actOf(action: string, { names, options }: { names: readonly string[]; options: Options }): Act {
  const [first = '', last = first] = [names[0], names.at(-1)];
  const target = names.length > 1 ? `${first} to ${last}` : first;
  return { area: 'import', action, target, reason: options.reason, details: { files: names.length } };
}

const countsOf = ({ chatId, lines, appended, already, unreadable }: EventsReport): Record<string, unknown> => ({
  chatId,
  lines,
  appended,
  already,
  unreadable: unreadable.length,
});

function printReport(io: Io, options: { json?: boolean }, report: EventsReport): void {
  const { chatId, lines, appended, already, unreadable } = report;
  const shown = unreadable.slice(0, UNREADABLE_SHOWN).map(({ file, line, why }) => `  ${file}:${line}: ${why}`);
  const more = unreadable.length > shown.length ? [`  … and ${unreadable.length - shown.length} more: see --json`] : [];
  print(io, options, {
    json: report,
    text: [
      `chat ${chatId ?? '(none)'}: ${lines} lines, ${appended} events appended, ${already} already there, ${unreadable.length} lines unreadable`,
      ...shown,
      ...more,
    ].join('\n'),
  });
  if (unreadable.length > 0 && appended + already === 0) process.exitCode = EXIT_FOUND; // nothing of it was what was meant
}
