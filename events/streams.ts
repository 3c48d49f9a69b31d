import type { ChatId, UserId } from './ids.ts';

/** The names of all streams. A chat's stream revision is its seq less one. */
export const chatStream = (chatId: ChatId): string => `chat-${chatId}`;
export const userStream = (userId: UserId): string => `user-${userId}`;
export const usernameStream = (username: string): string => `username-${username}`;
export const receiptsStream = (chatId: ChatId, userId: UserId): string => `receipts-${chatId}.${userId}`;
export const opsStream = (area: string): string => `ops-${area}`;

/** What stands before the first hyphen, as EventStoreDB's own category projection has it. */
export function categoryOf(stream: string): string {
  const hyphen = stream.indexOf('-');
  return hyphen < 0 ? stream : stream.slice(0, hyphen);
}

/** The chat whose stream this is, or null. */
export function chatOf(stream: string): ChatId | null {
  return stream.startsWith('chat-') ? stream.slice('chat-'.length) : null;
}

/** The chat and the user whose receipts this stream holds, or null. */
export function receiptsOf(stream: string): { chatId: ChatId; userId: UserId } | null {
  if (!stream.startsWith('receipts-')) return null;
  const dot = stream.lastIndexOf('.');
  return { chatId: stream.slice('receipts-'.length, dot), userId: stream.slice(dot + 1) };
}

export const seqOf = (revision: number): number => revision + 1;
export const revisionOf = (seq: number): number => seq - 1;
