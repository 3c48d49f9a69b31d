import type { ChatEvent } from '../../events/chat.ts';
import { applyEvent, type ChatView, emptyChat } from '../../events/chat-view.ts';
import { decodeChatEvent } from '../../events/codec.ts';
import type { EventLog } from '../../events/event-store.ts';
import { isChatId } from '../../events/ids.ts';
import { chatStream, seqOf } from '../../events/streams.ts';
import { VerbFailed, WrongUsage } from './io.ts';

const PAGE_EVENTS = 1_000;

/** A point in a chat as the command line takes it: a seq, a UTC time with Z, or `now`. */
export type CliPoint = { seq: number } | { time: number };

export function parsePoint(text: string): CliPoint {
  if (text === 'now') return { time: Number.POSITIVE_INFINITY };
  if (/^\d+$/.test(text)) return { seq: Number(text) };
  return { time: parseTime(text) };
}

/** A UTC time with Z; minutes and seconds may be left out: `2004-12-25T09:15Z`, `2004-12-25Z`. */
export function parseTime(text: string): number {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?))?Z$/.exec(text) ?? [];
  const parsed = day === undefined ? Number.NaN : Date.parse(`${day}T${time ?? '00:00'}Z`);
  if (Number.isNaN(parsed))
    throw new WrongUsage(`${text} is no point in time: give a UTC time with Z, as 2004-12-25T09:15Z`);
  return parsed;
}

export function requireChatId(text: string): string {
  if (!isChatId(text)) throw new WrongUsage(`${text} is no chat id`);
  return text;
}

/** All events of a chat from the log, oldest first. */
export async function* chatEvents(log: EventLog, chatId: string, after = 0): AsyncGenerator<ChatEvent> {
  for (let from = after; ; from += PAGE_EVENTS) {
    const page = await log.readStream(chatStream(chatId), { from, limit: PAGE_EVENTS });
    for (const event of page) yield decodeChatEvent(event, log.epoch);
    if (page.length < PAGE_EVENTS) return;
  }
}

export const isWithin = (event: ChatEvent, point: CliPoint): boolean =>
  'seq' in point ? event.seq <= point.seq : Date.parse(event.at) <= point.time;

/** Throws where there is no such chat, or where it has not come as far as the point. A time that is to come means now. */
export async function assertPoint(log: EventLog, chatId: string, point: CliPoint): Promise<void> {
  const [last] = await log.readStream(chatStream(chatId), { direction: 'backwards', limit: 1 });
  if (!last) throw new VerbFailed('chat-not-found', `there is no chat ${chatId}`);
  const head = seqOf(last.revision);
  if ('seq' in point && point.seq > head) throw new VerbFailed('as-of-unknown', `the chat ends at seq ${head}`);
}

/** The chat as it stood at a point, folded from the log. Each event on the way is shown to `onEvent`. */
export async function chatAt(
  log: EventLog,
  chatId: string,
  { point, onEvent }: { point: CliPoint; onEvent?: (event: ChatEvent) => void },
): Promise<ChatView> {
  await assertPoint(log, chatId, point);
  const view = emptyChat(chatId);
  for await (const event of chatEvents(log, chatId)) {
    if (!isWithin(event, point)) break;
    applyEvent(view, event);
    onEvent?.(event);
  }
  return view;
}
