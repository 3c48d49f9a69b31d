import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { rfc3339 } from '../../events/codec.ts';
import type { ExportRequest } from '../../queries/export/index.ts';
import { FORMATS, type Format } from '../../queries/export/port.ts';
import { type ExportKind, exportInto } from '../export-into.ts';
import { parseTime, requireChatId } from './chat-at.ts';
import { assertChat, type FilterOptions, filterOf, filterOptions, inLog } from './event-filter.ts';
import { readExport } from './exported-files.ts';
import { interruptible } from './interruptible.ts';
import { EXIT_FOUND, print, WrongUsage } from './io.ts';
import { barPerPhase } from './progress.ts';
import { recordReading } from './record-reading.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

interface ExportOptions extends FilterOptions {
  format: Format;
  out: string;
  by?: 'day' | 'chat';
  at?: string;
  withoutContent?: boolean;
  withoutPositions?: boolean;
  json?: boolean;
}

export const exportVerb = (context: VerbContext): Command => {
  const verb = new Command('export').description(
    'Takes events, or chats as they stood, out of the log into files, with a manifest that proves what is in them.',
  );
  verb.addCommand(
    common(filterOptions(new Command('events').description('The events of chats, filters combined.')))
      .addOption(new Option('--by <what>', 'a file for each day, or for each chat').choices(['day', 'chat']))
      .option('--after <position>', 'after this place in the log; exclusive')
      .option('--until <position>', 'up to this place in the log; inclusive')
      .option('--text <words>', 'whose words hold this, capital or small')
      .option(
        '--without-positions',
        'leave out where in this log an event lies: equal files from another log of the same events',
      )
      .addHelpText(
        'after',
        '\nAn export that was killed goes on where it was when it is started again.\n\nExamples:\n  hindsight export events --format parquet --by day --out ./events\n  hindsight export events --format ndjson --chat 00000000006Z… --out ./chat',
      )
      .action((options: ExportOptions) => runExport(context, 'events', options)),
  );
  verb.addCommand(
    common(new Command('state').description('Chats, members, messages and reactions as they stood at a time.'))
      .option('--at <time>', 'at this UTC time; now by default')
      .option('--chat <id>', 'only this chat')
      .addOption(new Option('--by <what>', 'files for each day, or for each chat').choices(['day', 'chat']))
      .addHelpText(
        'after',
        '\nExample:\n  hindsight export state --at 2006-03-01T12:00Z --format parquet --out ./state',
      )
      .action((options: ExportOptions) => runExport(context, 'state', options)),
  );
  verb
    .command('verify')
    .description('Whether every byte of an export is as its manifest says. Exit code 1 where one is not.')
    .argument('<dir>', 'folder of an export')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight export verify ./events')
    .action((folder: string, options: { json?: boolean }) => verifyExport(context, folder, options));
  return verb;
};

const common = (verb: Command): Command =>
  verb
    .addOption(new Option('--format <format>', 'how rows are written').choices(FORMATS).makeOptionMandatory())
    .requiredOption('--out <dir>', 'an empty or new folder, or one in which this export was begun')
    .option('--without-content', 'words withheld, as an analyst without the role for them sees them')
    .option('--json', 'one JSON document: the manifest');

async function runExport(context: VerbContext, kind: ExportKind, options: ExportOptions): Promise<void> {
  const asked = filterOf(options);
  if (options.withoutContent && options.text !== undefined)
    throw new WrongUsage('--text and --without-content exclude each other');
  if (options.out === '') throw new WrongUsage('--out takes a folder');
  const folder = resolve(options.out);
  const filter = filterText(options);
  const manifest = await withReadOnlyLog(context, async (log) => {
    const request = requestOf(kind, options, inLog(log, asked));
    await assertChat(log, request.filter);
    const reading = { content: !options.withoutContent, options: { export: kind, ...filter } };
    await recordReading(context, { area: 'export', ...reading });
    const inOrderOfLog = kind === 'events' && request.positions && request.by !== 'chat';
    const bars = barPerPhase(inOrderOfLog ? 'positions' : 'chats');
    const onProgress = (signal: AbortSignal) => (done: number, total: number) => {
      signal.throwIfAborted();
      bars.update('export', done, total);
    };
    return interruptible((signal) =>
      exportInto({ log, folder, kind, request, filter, onProgress: onProgress(signal) }),
    ).finally(bars.stop);
  });
  print(context.io, options, {
    json: manifest,
    text: `${folder}: ${manifest.count} ${kind === 'events' ? 'events' : 'rows'} in ${manifest.files.length} files, sha256 ${manifest.sha256}`,
  });
}

const requestOf = (kind: ExportKind, options: ExportOptions, filter: ExportRequest['filter']): ExportRequest => ({
  format: options.format,
  by: options.by ?? null,
  filter,
  content: !options.withoutContent,
  positions: kind === 'events' && !options.withoutPositions,
  ...(options.at !== undefined && { at: parseTime(options.at) }),
});

/** What was asked for, as the manifest says it: the same question has the same text, however it was typed. */
function filterText(options: ExportOptions): Record<string, string> {
  const { format, by, from, to, at, chat, type, actor, text, after, until } = options;
  const time = (given: string | undefined) => (given === undefined ? undefined : rfc3339(parseTime(given)));
  const all = {
    format,
    by,
    from: time(from),
    to: time(to),
    at: time(at),
    chat: chat === undefined ? undefined : requireChatId(chat),
    type: type === undefined ? undefined : [...new Set(type.split(','))].sort().join(','),
    actor,
    text,
    after,
    until,
    content: options.withoutContent ? 'withheld' : undefined,
    positions: options.withoutPositions ? 'none' : undefined,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function verifyExport(context: VerbContext, folder: string, options: { json?: boolean }): Promise<void> {
  const { manifest, differences } = await readExport(folder);
  print(context.io, options, {
    json: {
      ok: differences.length === 0,
      count: manifest?.count ?? null,
      sha256: manifest?.sha256 ?? null,
      differences,
    },
    text:
      differences.length === 0
        ? `every byte is as it was written: ${manifest?.files.length} files, ${manifest?.count} rows, sha256 ${manifest?.sha256}`
        : differences.map(({ name, what }) => `${name}: ${what}`).join('\n'),
  });
  if (differences.length > 0) process.exitCode = EXIT_FOUND;
}
