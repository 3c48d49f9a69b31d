import type { ChatId, UserId } from '../../events/ids.ts';
import { isSampled } from '../sample.ts';
import type { Subject } from '../subjects.ts';
import type { Picked } from './ports.ts';

/** The same chats (and users) for the same share, on every machine; a greater share has all that a smaller one has. */
export function sampled(share: number): Picked | null {
  if (share >= 1) return null;
  const isIn = (id: string): boolean => isSampled(id, share);
  return { chat: isIn, user: isIn };
}

/** Those that something happened to, of those that are picked at all. */
export function pickedOf(chats: ReadonlySet<ChatId>, users: ReadonlySet<UserId>): Picked {
  return { chats, chat: (id) => chats.has(id), user: (id) => users.has(id) };
}

export const isPicked = (picked: Picked | null, { chatId, userId }: Subject): boolean =>
  picked === null || (chatId === '' ? picked.user(userId) : picked.chat(chatId));
