import { Command } from 'commander';
import { CHAT_EVENT_TYPES } from '../../events/chat.ts';
import { isUlid } from '../../events/ids.ts';
import { parsePosition } from '../../events/position.ts';
import { type EventFilter, readEventStream } from '../../queries/event-stream/index.ts';
import { parseTime, requireChatId } from './chat-at.ts';
import { VerbFailed, WrongUsage } from './io.ts';
import { describeEvent } from './replay.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

const KEEP_ALIVE_MS = 60_000;

interface EventsOptions {
  from?: string;
  to?: string;
  type?: string;
  chat?: string;
  actor?: string;
  after?: string;
  until?: string;
  follow?: boolean;
  json?: boolean;
}

export const eventsVerb = (context: VerbContext): Command =>
  new Command('events')
    .description('The events of all chats, in the order of the log. Filters combine.')
    .option('--from <time>', 'that happened at or after this UTC time')
    .option('--to <time>', 'that happened at or before it')
    .option('--type <types>', 'of these types, comma-separated')
    .option('--chat <id>', 'of this chat')
    .option('--actor <id>', 'by this user')
    .option('--after <position>', 'after this place in the log; exclusive')
    .option('--until <position>', 'up to this place in the log; inclusive')
    .option('--follow', 'go on with what happens, until interrupted')
    .option('--json', 'NDJSON, an event a line')
    .addHelpText(
      'after',
      '\nExamples:\n  hindsight events --type MessageSent,MessageEdited --from 2026-01-01Z\n  hindsight events --json --follow | jq .data.text',
    )
    .action(async (options: EventsOptions) => {
      if (options.follow && options.until !== undefined)
        throw new WrongUsage('--follow and --until exclude each other');
      const asked = filterOf(options);
      const [after, until] = [readPosition(options.after), readPosition(options.until)];
      const interrupted = new AbortController();
      const interrupt = (): void => interrupted.abort();
      process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
      // Waiting for a log that others write keeps no process alive.
      const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
      try {
        await withReadOnlyLog(context, async (log) => {
          const filter: EventFilter = {
            ...asked,
            ...(after && { after: positionIn(log.epoch, after) }),
            ...(until && { until: positionIn(log.epoch, until) }),
          };
          const follow = options.follow ?? false;
          for await (const page of readEventStream({
            log,
            filter,
            content: true,
            follow,
            signal: interrupted.signal,
          })) {
            for (const event of page.events)
              context.io.out(options.json ? JSON.stringify(event) : describeEvent(event));
            await context.io.drained();
          }
        });
      } finally {
        clearInterval(alive);
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      }
    });

function filterOf({ from, to, type, chat, actor }: EventsOptions): EventFilter {
  if (actor !== undefined && !isUlid(actor)) throw new WrongUsage(`${actor} is no user id`);
  return {
    ...(from !== undefined && { from: parseTime(from) }),
    ...(to !== undefined && { to: parseTime(to) }),
    ...(type !== undefined && { types: new Set(type.split(',').map(knownType)) }),
    ...(chat !== undefined && { chatId: requireChatId(chat) }),
    ...(actor !== undefined && { actor }),
  };
}

/** A misspelt type would find nothing, and look like an answer. */
function knownType(name: string): string {
  if (CHAT_EVENT_TYPES.some((known) => known === name)) return name;
  throw new WrongUsage(`no event is called ${name}: there are ${CHAT_EVENT_TYPES.join(', ')}`);
}

type Position = NonNullable<ReturnType<typeof parsePosition>>;

function readPosition(text: string | undefined): Position | null {
  if (text === undefined) return null;
  const position = parsePosition(text);
  if (position === null) throw new WrongUsage(`${text} is no position: give one as an event carries it`);
  return position;
}

function positionIn(epoch: string, { epoch: given, position }: Position): number {
  if (given !== epoch) throw new VerbFailed('epoch-changed', 'the position is of before the log was restored');
  return position;
}
