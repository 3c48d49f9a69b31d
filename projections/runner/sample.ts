import type { ChatId, UserId } from '../../events/ids.ts';
import type { Subject } from '../subjects.ts';
import type { Picked } from './ports.ts';

const FNV_OFFSET = 2_166_136_261;
const FNV_PRIME = 16_777_619;
const HASHES = 2 ** 32;

/** The same chats (and users) for the same share, on every machine; a greater share has all that a smaller one has. */
export function sampled(share: number): Picked | null {
  if (share >= 1) return null;
  const isIn = (id: string): boolean => hashOf(id) / HASHES < share;
  return { chat: isIn, user: isIn };
}

/** Those that something happened to, of those that are picked at all. */
export function pickedOf(chats: ReadonlySet<ChatId>, users: ReadonlySet<UserId>): Picked {
  return { chats, chat: (id) => chats.has(id), user: (id) => users.has(id) };
}

export const isPicked = (picked: Picked | null, { chatId, userId }: Subject): boolean =>
  picked === null || (chatId === '' ? picked.user(userId) : picked.chat(chatId));

/** FNV-1a, and one mix so that ids that differ at their end alone are spread too. */
function hashOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 2_246_822_507);
  return (hash ^ (hash >>> 13)) >>> 0;
}
