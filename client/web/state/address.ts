import { effect } from '@preact/signals';
import type { Point } from '../../sdk/index.ts';
import { chats, listed, user } from './client.ts';
import { openChatId, openConversation } from './conversation.ts';
import { asOf, backToNow, loadAt, loading } from './past.ts';
import { playing, stop } from './player.ts';

/** The address names what is shown, `#/chat/<chatId>?asOf=<seq or time>`, so that a moment can be handed on. */
export interface Place {
  chatId: string;
  asOf: Point | null;
}

export function parsePlace(hash: string): Place | null {
  const [, chatId, query] = /^#\/chat\/([^?]+)(?:\?(.*))?$/.exec(hash) ?? [];
  if (chatId === undefined) return null;
  const point = new URLSearchParams(query ?? '').get('asOf');
  return {
    chatId: decodeURIComponent(chatId),
    asOf: point === null ? null : /^\d+$/.test(point) ? Number(point) : point,
  };
}

export const placeHash = ({ chatId, asOf: point }: Place): string =>
  `#/chat/${encodeURIComponent(chatId)}${point === null ? '' : `?asOf=${encodeURIComponent(String(point))}`}`;

/** Goes where the address says; to the first chat where it says nothing. */
export function followAddress(fallback: string | null): void {
  const place = parsePlace(location.hash);
  const chatId = place?.chatId ?? openChatId.value ?? fallback ?? chats.value[0]?.chatId ?? null;
  openConversation(chatId);
  stop();
  if (place?.asOf == null) backToNow();
  else void loadAt(place.asOf);
}

/** Keeps the address at what is shown; moving in time is no new page in the browser's history, another chat is. */
export function keepAddress(): void {
  effect(() => {
    const chatId = openChatId.value;
    if (!user.value || !listed.value || chatId === null || loading.value || playing.value === 'yes') return;
    const hash = placeHash({ chatId, asOf: asOf.value });
    if (hash === location.hash) return;
    const sameChat = parsePlace(location.hash)?.chatId === chatId;
    history[sameChat || location.hash === '' ? 'replaceState' : 'pushState'](null, '', hash);
  });
}
