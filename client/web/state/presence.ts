import { effect, signal } from '@preact/signals';
import { chats, hindsight } from './client.ts';
import { openChatId } from './conversation.ts';

/** As many as the server follows for one socket. */
const WATCHED_MAX = 500;

/** Those of my direct conversations who are online. */
export const online = signal<ReadonlySet<string>>(new Set());
/** Who else is typing in the open conversation. */
export const typists = signal<readonly string[]>([]);

hindsight.presence.events.on('online', ({ userId, online: is }) => {
  const now = new Set(online.value);
  if (is) now.add(userId);
  else now.delete(userId);
  online.value = now;
});
hindsight.presence.events.on('typing', ({ chatId, userIds }) => {
  if (chatId === openChatId.value) typists.value = userIds;
});

effect(() => {
  typists.value = openChatId.value === null ? [] : hindsight.presence.typingIn(openChatId.value);
});

let watched = '';
effect(() => {
  const peers = chats.value.flatMap(({ peerId }) => peerId ?? []).slice(0, WATCHED_MAX);
  if (peers.toSorted().join() === watched) return; // the list changes with every message
  watched = peers.toSorted().join();
  hindsight.presence.watch(peers);
});

export function sayTyping(): void {
  if (openChatId.value !== null) hindsight.presence.typing(openChatId.value);
}
