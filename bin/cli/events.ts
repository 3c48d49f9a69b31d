import { Command } from 'commander';
import { type EventStreamPage, eventsOf, readEventStream } from '../../queries/event-stream/index.ts';
import { assertChat, type FilterOptions, filterOf, filterOptions, inLog } from './event-filter.ts';
import { untilInterrupted } from './interruptible.ts';
import { type Io, VerbFailed, WrongUsage } from './io.ts';
import { recordReading } from './record-reading.ts';
import { describeEvent } from './replay/describe.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

const KEEP_ALIVE_MS = 60_000;

interface EventsOptions extends FilterOptions {
  backward?: boolean;
  follow?: boolean;
  withoutContent?: boolean;
  json?: boolean;
}

export const eventsVerb = (context: VerbContext): Command =>
  filterOptions(new Command('events').description('The events of all chats, in the order of the log. Filters combine.'))
    .option('--after <position>', 'after this place in the log; exclusive')
    .option('--until <position>', 'up to this place in the log; inclusive')
    .option('--before <position>', 'before this place in the log; exclusive: where --backward goes on')
    .option('--text <words>', 'whose words hold this, capital or small: a text, a title, the name of a file')
    .option('--backward', 'from the last down')
    .option('--follow', 'go on with what happens, until interrupted')
    .option('--without-content', 'words withheld, as an analyst without the role for them sees it')
    .option('--json', 'NDJSON, an event a line')
    .addHelpText(
      'after',
      '\nThe reading is recorded: see `hindsight ops log --area events`. An interrupted one goes on after (backward: before)\nthe `position` of its last line.\n\nExamples:\n  hindsight events --type MessageSent,MessageEdited --from 2026-01-01Z\n  hindsight events --backward --text owl\n  hindsight events --json --follow | jq .data.text',
    )
    .action((options: EventsOptions) => readEvents(context, options));

async function readEvents(context: VerbContext, options: EventsOptions): Promise<void> {
  const { follow = false, withoutContent = false, text } = options;
  if (follow && options.until !== undefined) throw new WrongUsage('--follow and --until exclude each other');
  if (follow && options.backward) throw new WrongUsage('--follow and --backward exclude each other');
  if (withoutContent && text !== undefined) throw new WrongUsage('--text and --without-content exclude each other');
  const asked = filterOf(options);
  // Waiting for a log that others write keeps no process alive.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  try {
    await untilInterrupted((signal) =>
      withReadOnlyLog(
        context,
        async (log) => {
          const filter = inLog(log, asked);
          await assertChat(log, filter).catch((error: unknown) => {
            if (!(follow && error instanceof VerbFailed)) throw error;
            context.io.err(`warning: ${error.message} yet`); // it may come
          });
          await recordReading(context, { content: !withoutContent, options: given(options) });
          const order = options.backward ? 'backward' : 'forward';
          const reading = { log, filter, content: !withoutContent, order, follow, signal } as const;
          for await (const page of readEventStream(reading)) {
            show(context.io, page, options);
            await context.io.drained();
          }
        },
        { watch: follow },
      ),
    );
  } finally {
    clearInterval(alive);
  }
}

function show(io: Io, page: EventStreamPage, { json }: EventsOptions): void {
  const { buffer, byteOffset, length } = page.bytes;
  if (length === 0) return;
  if (json)
    io.out(Buffer.from(buffer, byteOffset, length - 1).toString()); // the last line feed is printed
  else for (const event of eventsOf(page)) io.out(describeEvent(event));
}

const given = (options: EventsOptions): Record<string, string> =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (name === 'json' ? [] : [[name, String(value)]])),
  );
