import type { EventLog } from '../../events/event-store.ts';
import { isChatId } from '../../events/ids.ts';
import { chatStream, seqOf } from '../../events/streams.ts';
import { chatLogReader } from '../../queries/chat-log/log-reader.ts';
import { VerbFailed, WrongUsage } from './io.ts';

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
  // A 30th of February is read as a day in March.
  if (Number.isNaN(parsed) || !new Date(parsed).toISOString().startsWith(`${day}`))
    throw new WrongUsage(`${text} is no point in time: give a UTC time with Z, as 2004-12-25T09:15Z`);
  return parsed;
}

export function requireChatId(text: string): string {
  if (!isChatId(text)) throw new WrongUsage(`${text} is no chat id`);
  return text;
}

/** Throws where there is no such chat, or where it has not come as far as the point. A time that is to come means now. */
export async function assertPoint(log: EventLog, chatId: string, point: CliPoint): Promise<void> {
  const [last] = await log.readStream(chatStream(chatId), { direction: 'backwards', limit: 1 });
  if (!last) throw new VerbFailed('chat-not-found', `there is no chat ${chatId}`);
  const head = seqOf(last.revision);
  if ('seq' in point && point.seq > head) throw new VerbFailed('as-of-unknown', `the chat ends at seq ${head}`);
}

/** The seq of the last event at or before a point; 0 where that lies before the first. Throws as `assertPoint`. */
export async function seqAt(log: EventLog, chatId: string, point: CliPoint): Promise<number> {
  await assertPoint(log, chatId, point);
  return 'seq' in point ? point.seq : ((await chatLogReader(log).seqAt(chatId, point.time))?.seq ?? 0);
}
