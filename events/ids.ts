import * as z from 'zod';
import { ID_SKEW_MS } from './limits.ts';

/** A ULID in its canonical upper case: 26 characters of Crockford's base 32, the first at most `7`. */
export const ULID_PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const DIRECT_PATTERN = /^dm\.([0-7][0-9A-HJKMNP-TV-Z]{25})\.([0-7][0-9A-HJKMNP-TV-Z]{25})$/;

export const Ulid = z.string().regex(ULID_PATTERN, 'must be an upper-case ULID');
export const UserId = Ulid;
export const MessageId = Ulid;
export const CommandId = Ulid;
export const GroupId = Ulid;
/** A group's ULID, or `dm.<userIdA>.<userIdB>` with the two different and ascending. */
export const ChatId = z.string().refine(isChatId, 'must be a ULID, or dm.<userId>.<userId> ascending');

export type UserId = string;
export type ChatId = string;
export type MessageId = string;
export type CommandId = string;

export function isUlid(value: string): boolean {
  return ULID_PATTERN.test(value);
}

export function isChatId(value: string): boolean {
  return ULID_PATTERN.test(value) || directMembers(value) !== null;
}

/** The two users of a direct chat, ascending; null where the id is not one of a direct chat. */
export function directMembers(chatId: ChatId): [UserId, UserId] | null {
  const [, a, b] = DIRECT_PATTERN.exec(chatId) ?? [];
  return a !== undefined && b !== undefined && a < b ? [a, b] : null;
}

export function directChatId(one: UserId, other: UserId): ChatId {
  return one < other ? `dm.${one}.${other}` : `dm.${other}.${one}`;
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ULID_TIME_LENGTH = 10;

/** The Unix time in milliseconds that a ULID carries. */
export function ulidTime(ulid: string): number {
  let time = 0;
  for (let i = 0; i < ULID_TIME_LENGTH; i++) time = time * 32 + CROCKFORD.indexOf(ulid.charAt(i));
  return time;
}

/** Whether the id's time lies further ahead of `now` (milliseconds since 1970) than clocks may differ. */
export const isFromTheFuture = (ulid: string, now: number): boolean => ulidTime(ulid) > now + ID_SKEW_MS;
