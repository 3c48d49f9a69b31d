import type { ChatEvent } from '../../../events/chat.ts';

/** An event on a line, as people read it. */
export function describeEvent(event: ChatEvent): string {
  const data = event.data as Partial<Record<'text' | 'title' | 'emoji' | 'userId', string>>;
  const words = data.text ?? data.title ?? data.emoji ?? data.userId ?? '';
  return `${event.at} ${event.chatId} ${event.seq} ${event.type} ${event.actor} ${words}`.trimEnd();
}
