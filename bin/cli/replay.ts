import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { checkpointFile } from '../../infra/disk/replay-checkpoint.ts';
import { type ReplayCheckpoint, replay } from '../../queries/replay/index.ts';
import { type CliPoint, parsePoint, requireChatId } from './chat-at.ts';
import { filterOf } from './event-filter.ts';
import { untilInterrupted } from './interruptible.ts';
import { VerbFailed, WrongUsage } from './io.ts';
import { readChatEvents } from './read-chat-events.ts';
import { recordReading } from './record-reading.ts';
import { type Asked, rangeOf, restOf } from './replay/range.ts';
import { isFile, openTarget } from './replay/targets.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

/** Longer pauses of the original are shortened to this. */
const MAX_GAP_S = 2;
const BATCH_EVENTS = 500;
const BATCH_EVENTS_MAX = 10_000;

interface ReplayOptions {
  chat?: string;
  from?: string;
  to?: string;
  type?: string;
  actor?: string;
  into?: string;
  speed: string;
  maxGap: string;
  batch: string;
  header: string[];
  checkpoint?: string;
  atLeastOnce?: boolean;
  json?: boolean;
}

const HELP = `
--into takes
  https://…                  an endpoint: events are POSTed as NDJSON, at most --batch in a request, one request at a
                             time. The header idempotency-key is the event’s id, of several <first>..<last>. What is not
                             answered, or with 408, 425, 429 or 5xx, is sent again, later and later, 10 times; any other
                             refusal ends the replay.
  kafka://topic              a topic on the brokers of the settings (kafka://host:9092/topic: on others). The key is the
                             chat’s id, the header id the event’s.
  ./handler.ts               a file of yours, TypeScript or JavaScript: export default async (event, { signal }) => { … }.
                             It is called event by event, each once the one before has ended; it is given events and
                             nothing else.

At least once: nothing is left out and order is kept, but some of it can come twice. A request whose answer was lost is
sent again. After a crash, a replay with --checkpoint goes on after the last events that are known to have been taken: the
batch that was on its way then (100 calls of a handler) comes again. Whoever takes events must know by eventId what they
have. --at-least-once says that they do; without it a replay that goes on is not begun.

Ctrl-C ends a replay after what is being taken. The reading is recorded: see \`hindsight ops log --area replay\`.

Examples:
  hindsight replay 00000000006Z… --from 0 --to now --speed 60
  hindsight replay --type MessageSent --from 2026-01-01Z --into ./count-words.ts
  hindsight replay --into https://search.example/ingest --checkpoint search.json --at-least-once`;

export const replayVerb = (context: VerbContext): Command =>
  new Command('replay')
    .description(
      'Plays events again, of one chat or of all, from one point to another: at the pace they had, faster, or as fast as they are taken; to the terminal, an HTTP endpoint, a Kafka topic or a handler of yours.',
    )
    .argument('[chat]', 'chat id; without it, the events of all chats in the order of the log')
    .option('--from <point>', 'a UTC time with Z, or of one chat a seq; exclusive (default: the beginning)')
    .option('--to <point>', 'a UTC time with Z, of one chat a seq, or `now`; inclusive (default: now)')
    .option('--chat <id>', 'the same as [chat]')
    .option('--type <types>', 'only events of these types, comma-separated')
    .option('--actor <id>', 'only events by this user')
    .option('--into <target>', 'an endpoint, a topic or a file, as below (default: the terminal)')
    .option('--speed <n>', 'how many times faster than it was; 0: as fast as it is taken', '0')
    .option(
      '--max-gap <seconds>',
      'longer pauses of the original are shortened to this, before --speed divides them',
      String(MAX_GAP_S),
    )
    .option('--batch <n>', 'events in a request to an endpoint, at most', String(BATCH_EVENTS))
    .option('--header <line>', '"name: value", sent to an endpoint (repeatable)', collect, [])
    .option('--checkpoint <file>', 'keeps how far it came; run again with it, the replay goes on from there')
    .option('--at-least-once', 'the target bears that events come twice')
    .option('--json', 'NDJSON, an event a line; with --into, one JSON document at the end')
    .addHelpText('after', HELP)
    .action((chat: string | undefined, options: ReplayOptions) => run(context, chat, options));

const collect = (value: string, before: string[]): string[] => [...before, value];

async function run(context: VerbContext, chat: string | undefined, options: ReplayOptions): Promise<void> {
  const { from, to, type, actor } = options;
  if ([chat, options.chat, from, to, type, actor, options.into].every((given) => given === undefined))
    throw new WrongUsage('name a chat, a point, a filter or a target; all there is: --from 0');
  if (chat !== undefined && options.chat !== undefined && chat !== options.chat)
    throw new WrongUsage(`two chats are named: ${chat}, and ${options.chat} by --chat`);
  const asked = askedOf(chat ?? options.chat, options);
  const pace = { speed: numberOf('speed', options.speed), maxGapMs: numberOf('max-gap', options.maxGap) * 1_000 };
  const into = options.into ?? null;
  const batchEvents = numberOf('batch', options.batch);
  if (!Number.isSafeInteger(batchEvents) || batchEvents < 1 || batchEvents > BATCH_EVENTS_MAX)
    throw new WrongUsage(`--batch takes 1 to ${BATCH_EVENTS_MAX}`);
  if (into !== null && options.checkpoint !== undefined && !options.atLeastOnce) {
    throw new WrongUsage(
      'a replay that goes on after a crash sends again what was on its way: give --at-least-once where the target knows by eventId what it has (see --help)',
    );
  }
  const described = describedOf(asked, options, into);
  const file = options.checkpoint === undefined ? null : checkpointFile(options.checkpoint, described);
  const since = file?.read() ?? null;
  await file?.assertWritable();
  const target = await openTarget(context, { into, batchEvents, headers: options.header, json: options.json ?? false });
  try {
    await untilInterrupted(async (signal) => {
      const done = await withReadOnlyLog(context, async (log) => {
        const filter = restOf(log, await rangeOf(log, asked), since);
        await recordReading(context, { area: 'replay', content: true, options: described });
        const pages = readChatEvents({ log, filter, signal });
        const keep = async (checkpoint: ReplayCheckpoint): Promise<void> => file?.keep(checkpoint);
        return replay({ pages, target, pace, since, keep, signal, sleep, clock: () => performance.now() });
      });
      tell(context, { done, since, options });
      if (signal.aborted) throw new VerbFailed('interrupted', stoppedText(options));
    });
  } finally {
    await target.close();
  }
}

function tell(
  { io }: VerbContext,
  of: { done: ReplayCheckpoint | null; since: ReplayCheckpoint | null; options: ReplayOptions },
): void {
  const { done, since, options } = of;
  if (options.into === undefined) return;
  const taken = (done?.count ?? 0) - (since?.count ?? 0);
  const position = done?.position ?? null;
  if (options.json) io.out(JSON.stringify({ taken, before: since?.count ?? 0, position, into: options.into }));
  else io.out(`${taken} events taken${since === null ? '' : `, after ${since.count} earlier`}`);
}

const stoppedText = ({ checkpoint }: ReplayOptions): string =>
  checkpoint === undefined
    ? 'stopped in the middle, after what was taken'
    : 'stopped in the middle: run it again, and it goes on after what was taken';

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function askedOf(chat: string | undefined, { from, to, type, actor }: ReplayOptions): Asked {
  const beginning: CliPoint = { seq: 0 };
  const [first, last] = [from === undefined ? beginning : parsePoint(from), parsePoint(to ?? 'now')];
  if (isAfter(first, last)) throw new WrongUsage(`--from ${from} lies after --to ${to}`);
  return {
    chatId: chat === undefined ? null : requireChatId(chat),
    from: first,
    to: last,
    filter: filterOf({ ...(type !== undefined && { type }), ...(actor !== undefined && { actor }) }).filter,
  };
}

/** Where both are of one kind; whether a seq lies after a time is known only where the chat is. */
function isAfter(one: CliPoint, other: CliPoint): boolean {
  if ('seq' in one) return 'seq' in other && one.seq > other.seq;
  return 'time' in other && one.time > other.time;
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new WrongUsage(`--${name} takes a number, 0 or more`);
  return number;
}

/** What makes it this replay, and no other; what stands in an address behind `?` may be a secret. */
function describedOf({ chatId }: Asked, options: ReplayOptions, into: string | null): Record<string, string> {
  const { from, to, type, actor } = options;
  const where = into === null || isFile(into) ? into : (into.split('?')[0] ?? into);
  const all = { chat: chatId, from, to, type, actor, into: where };
  const given = Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(given);
}
