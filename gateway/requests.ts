import * as z from 'zod';
import { HistoryVisibility, PastContent, Role } from '../events/chat.ts';
import { accepted, type Outcome, rejected } from '../events/error-codes.ts';
import { ChatId, GroupId, MessageId, UserId } from '../events/ids.ts';
import { MESSAGE_MAX_FILES, MESSAGE_MAX_MENTIONS } from '../events/limits.ts';
import { parsePosition } from '../events/position.ts';

/**
 * What may be asked, the same over HTTP and over the socket. Every object is strict: a field that nobody knows is
 * refused rather than ignored, so that a misspelt one cannot pass for a default. What the words may be (length, NFC,
 * emoji) is decided by the commands; here only what would cost something before they are asked.
 */
export const HISTORY_LIMIT = 50;
export const HISTORY_MAX_LIMIT = 200;
export const EVENTS_LIMIT = 200;
export const EVENTS_MAX_LIMIT = 1_000;
export const LIST_LIMIT = 50;
export const LIST_MAX_LIMIT = 200;
const CURSOR_MAX_LENGTH = 500;
const POSITION_MAX_LENGTH = 64;
const EMOJI_MAX_LENGTH = 64;

export const Seq = z.int().min(0);
export const Emoji = z.string().min(1).max(EMOJI_MAX_LENGTH);
export const Cursor = z.string().min(1).max(CURSOR_MAX_LENGTH);
/** Opaque; `readPosition` tells what it says. */
export const Position = z
  .string()
  .max(POSITION_MAX_LENGTH)
  .refine((text) => parsePosition(text) !== null, 'must be a position as the server gave it');
/** A UTC time in RFC 3339, with `Z`. */
export const Instant = z.iso.datetime({ error: 'must be a UTC time with Z, as 2026-02-03T10:00:00Z' });
/** A point in a chat: a seq, or a UTC time. `readPoint` makes it what the queries ask for. */
export const Point = z.union([Seq, Instant], { error: 'must be a seq, or a UTC time with Z' });
/** How many at most: what lies above `most` is lowered to it, as the contract says. */
export const limitUpTo = (most: number, standard: number) =>
  z
    .int()
    .min(1)
    .default(standard)
    .meta({ description: `At most so many; above ${most} it is lowered to that.` });
export const lowered = (limit: number, most: number): number => Math.min(limit, most);

export const SendInput = z.strictObject({
  messageId: MessageId.optional(),
  text: z.string(),
  replyTo: MessageId.optional(),
  mentions: z.array(UserId).max(MESSAGE_MAX_MENTIONS).optional(),
  fileIds: z.array(GroupId).max(MESSAGE_MAX_FILES).optional(),
});
export const EditInput = z.strictObject({
  text: z.string(),
  mentions: z.array(UserId).max(MESSAGE_MAX_MENTIONS).optional(),
});
export const RenameInput = z.strictObject({ title: z.string() });
export const MemberInput = z.strictObject({ role: Role.optional() });
export const StartChatInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('direct'), userId: UserId }),
  z.strictObject({
    kind: z.literal('group'),
    chatId: GroupId.optional(),
    title: z.string(),
    members: z.array(UserId),
    historyVisibility: HistoryVisibility.optional(),
    pastContent: PastContent.optional(),
  }),
]);
export const ReceiptsInput = z.strictObject({ readSeq: Seq.optional(), deliveredSeq: Seq.optional() });

export const ChatsInput = z.strictObject({
  changedAfter: Position.optional(),
  cursor: Cursor.optional(),
  limit: limitUpTo(LIST_MAX_LIMIT, LIST_LIMIT),
});
export const HistoryInput = z.strictObject({
  before: Seq.optional(),
  after: Seq.optional(),
  asOf: Point.optional(),
  limit: limitUpTo(HISTORY_MAX_LIMIT, HISTORY_LIMIT),
});
export const onePageEdge = (page: { before?: unknown; after?: unknown }): Outcome<null> =>
  page.before !== undefined && page.after !== undefined
    ? rejected('bad-request', 'before and after exclude each other')
    : accepted(null);

/** A point as the queries take it. The value has passed `Point`. */
export const readPoint = (value: number | string): { seq: number } | { time: number } =>
  typeof value === 'number' ? { seq: value } : { time: Date.parse(value) };

/** The log position behind a public one; `epoch-changed` where it is from before a restore. */
export function readPosition(text: string, epoch: string): Outcome<number> {
  const parsed = parsePosition(text);
  if (parsed === null) return rejected('bad-request', 'not a position: hand back what the server gave, unchanged');
  if (parsed.epoch !== epoch) {
    return rejected('epoch-changed', 'the position is from before the log was restored: forget all positions and seqs');
  }
  return accepted(parsed.position);
}

/** Drops what was not given, so that `undefined` never stands where a field may be absent. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

export { ChatId, MessageId, UserId };
