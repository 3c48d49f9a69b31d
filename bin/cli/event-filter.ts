import type { Command } from 'commander';
import { CHAT_EVENT_TYPES } from '../../events/chat.ts';
import type { EventLog } from '../../events/event-store.ts';
import { isUlid } from '../../events/ids.ts';
import { parsePosition } from '../../events/position.ts';
import type { EventFilter } from '../../queries/event-stream/index.ts';
import { assertPoint, parsePoint, parseTime, requireChatId } from './chat-at.ts';
import { VerbFailed, WrongUsage } from './io.ts';

/** Which events a verb is about, as the command line says it. */
export interface FilterOptions {
  from?: string;
  to?: string;
  type?: string;
  chat?: string;
  actor?: string;
  after?: string;
  until?: string;
  before?: string;
  text?: string;
}

/** The filters that every verb about events has. */
export const filterOptions = (verb: Command): Command =>
  verb
    .option('--from <time>', 'that happened at or after this UTC time (that of `replay` is exclusive)')
    .option('--to <time>', 'that happened at or before this UTC time')
    .option('--type <types>', 'of these types, comma-separated')
    .option('--chat <id>', 'of this chat')
    .option('--actor <id>', 'by this user');

type Place = 'after' | 'until' | 'before';
type Position = NonNullable<ReturnType<typeof parsePosition>>;

/** A filter whose places are not yet known to be of the log that is read. */
export interface AskedFilter {
  readonly filter: EventFilter;
  readonly places: Partial<Record<Place, Position>>;
}

export function filterOf(options: FilterOptions): AskedFilter {
  const { from, to, type, chat, actor, text } = options;
  if (actor !== undefined && !isUlid(actor)) throw new WrongUsage(`${actor} is no user id`);
  if (text === '') throw new WrongUsage('--text takes some words');
  const places: AskedFilter['places'] = {};
  const times = timesOf({ from, to });
  for (const place of ['after', 'until', 'before'] as const) {
    const given = options[place];
    if (given !== undefined) places[place] = readPosition(given);
  }
  return {
    places,
    filter: {
      ...times,
      ...(type !== undefined && { types: new Set(type.split(',').map(knownType)) }),
      ...(chat !== undefined && { chatId: requireChatId(chat) }),
      ...(actor !== undefined && { actor }),
      ...(text !== undefined && { text }),
    },
  };
}

/** Both inclusive. A range that ends before it begins would find nothing, and look like an answer. */
export function timesOf({
  from,
  to,
}: {
  from: string | undefined;
  to: string | undefined;
}): Pick<EventFilter, 'from' | 'to'> {
  const times = {
    ...(from !== undefined && { from: parseTime(from) }),
    ...(to !== undefined && { to: parseTime(to) }),
  };
  if (times.from !== undefined && times.to !== undefined && times.from > times.to)
    throw new WrongUsage(`--from ${from} lies after --to ${to}`);
  return times;
}

/** A chat that is not in the log is refused, too. */
export async function assertChat(log: EventLog, { chatId }: Pick<EventFilter, 'chatId'>): Promise<void> {
  if (chatId !== undefined) await assertPoint(log, chatId, parsePoint('now'));
}

/** The filter for this log: places of before it was restored are refused. */
export function inLog({ epoch }: EventLog, { filter, places }: AskedFilter): EventFilter {
  const found: EventFilter = { ...filter };
  for (const place of ['after', 'until', 'before'] as const) {
    const given = places[place];
    if (given === undefined) continue;
    if (given.epoch !== epoch) throw new VerbFailed('epoch-changed', 'the position is of before the log was restored');
    found[place] = given.position;
  }
  return found;
}

/** A misspelt type would find nothing, and look like an answer. */
function knownType(name: string): string {
  if (CHAT_EVENT_TYPES.some((known) => known === name)) return name;
  throw new WrongUsage(`no event is called ${name}: there are ${CHAT_EVENT_TYPES.join(', ')}`);
}

function readPosition(text: string): Position {
  const position = parsePosition(text);
  if (position === null) throw new WrongUsage(`${text} is no position: give one as an event carries it`);
  return position;
}
