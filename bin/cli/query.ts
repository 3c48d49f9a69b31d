import { Command, Option } from 'commander';
import { openSqlDatabase } from '../../infra/duckdb/database.ts';
import type { EventsLoader } from '../../infra/duckdb/fill.ts';
import { type EventStreamPage, readEventStream } from '../../queries/event-stream/index.ts';
import { untilInterrupted } from './interruptible.ts';
import { VerbFailed, WrongUsage } from './io.ts';
import { fillFromExport } from './query/exported.ts';
import { FORMATS, type Format, printResult } from './query/output.ts';
import { recordReading } from './record-reading.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

interface QueryOptions {
  fromExport?: string;
  format: Format;
  limitMemory?: string;
  json?: boolean;
}

const HELP = `
Tables: events; chats, members, messages and reactions as they stand now. As they stood at T (a UTC time):
chats_at(T), members_at(T), messages_at(T), reactions_at(T). All times are UTC.

The events are read once, into a database of this query’s own: a query can change nothing, and reaches no other file
and no network. The reading is recorded: see \`hindsight ops log --area query\`.

Examples:
  hindsight query "SELECT author, count(*) AS messages FROM messages GROUP BY author ORDER BY messages DESC LIMIT 5"
  hindsight query "SELECT * FROM messages_at('2006-03-01T12:00Z') WHERE text LIKE '%wireless%'" --format csv
  hindsight query "DESCRIBE events" --from-export exported`;

export const queryVerb = (context: VerbContext): Command =>
  new Command('query')
    .description('Asks a question in SQL (DuckDB) of all events, and of every chat as it stood at any moment.')
    .argument('<sql>', 'one query')
    .option('--from-export <folder>', 'ask an export of events instead of the log')
    .addOption(new Option('--format <name>', 'how the answer is printed').choices(FORMATS).default('table'))
    .option('--json', 'one JSON document: {columns: [{name, type}], rows: [{…}]}')
    .option('--limit-memory <size>', 'as 512MB: what does not fit is put on disk (default: 80 % of the memory)')
    .addHelpText('after', HELP)
    .action((sql: string, options: QueryOptions) => query(context, sql, options));

async function query(context: VerbContext, sql: string, options: QueryOptions): Promise<void> {
  const memoryLimit = memoryOf(options.limitMemory);
  if (sql.trim() === '') throw new WrongUsage('there is no query: give one in SQL');
  await untilInterrupted(async (signal) => {
    const database = await openSqlDatabase({
      memoryLimit,
      signal,
      fill: (load) =>
        options.fromExport === undefined
          ? fillFromLog(context, sql, { load, signal })
          : fillFromExport(options.fromExport, load),
    });
    try {
      await printResult(context.io, await database.query(sql), options.json ? 'json' : options.format);
    } finally {
      database.close();
    }
  });
}

function memoryOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!/^\d+(\.\d+)?\s*([kmgt]i?b)$/i.test(text))
    throw new WrongUsage(`--limit-memory ${text}: give a size, as 512MB or 2GB`);
  return text;
}

/** The log of the data folder or of the cluster, whole; the reading is recorded first. */
function fillFromLog(
  context: VerbContext,
  sql: string,
  { load, signal }: { load: EventsLoader; signal: AbortSignal },
): Promise<void> {
  return withReadOnlyLog(context, async (log) => {
    await recordReading(context, { area: 'query', content: true, options: { sql } });
    await load.lines(linesOf(readEventStream({ log, filter: {}, content: true, follow: false, signal })));
    if (signal.aborted) throw new VerbFailed('interrupted', 'ended before all events were read');
  });
}

async function* linesOf(pages: AsyncIterable<EventStreamPage>): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of pages) yield bytes;
}
