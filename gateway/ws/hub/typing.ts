import type { Signal } from '../../signals/port.ts';
import { typingFrame } from '../frames.ts';
import type { Directory } from './directory.ts';

/** To those of the named users who are in the chat as this gateway knows it: who has left hears nothing more. */
export function pushTyping(directory: Directory, { chatId, userId, to }: Extract<Signal, { kind: 'typing' }>): void {
  const room = directory.rooms.get(chatId);
  if (!room) return;
  const frame = typingFrame(chatId, userId);
  const named = new Set(to);
  for (const { receiver, phase } of room.flows) {
    if (!named.has(receiver.userId) || receiver.userId === userId) continue;
    if (phase !== 'resync' && !receiver.outbox.congested) receiver.outbox.push(frame, null);
  }
}
