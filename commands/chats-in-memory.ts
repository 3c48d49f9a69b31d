import { LRUCache } from 'lru-cache';
import type { ChatId } from '../events/ids.ts';
import { weigh } from './chat/messages-at-hand.ts';
import { COMMANDS_OPEN_MAX_BYTES, createWriter, type Room, type Writer } from './chat-writer.ts';
import { type Chat, createChat, type HandleDeps, handleFlight } from './handle.ts';

const CHATS_IN_MEMORY_MAX_BYTES = 128 * 1_048_576;
/** A chat is weighed again when so many events came. */
const WEIGH_EVERY_EVENTS = 64;

export interface Chats {
  writer(chatId: ChatId): Writer;
  idle(): Promise<void>;
}

/** The chats in memory: those with something to do for as long as they have, the rest while there is room. */
export function createChats(deps: HandleDeps): Chats {
  const writers = new Map<ChatId, Writer>();
  const room: Room = { bytes: COMMANDS_OPEN_MAX_BYTES };
  const resting = new LRUCache<ChatId, { chat: Chat; bytes: number; seq: number }>({
    maxSize: CHATS_IN_MEMORY_MAX_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  });

  function wake(chatId: ChatId): Writer {
    const rested = resting.get(chatId);
    const chat = rested?.chat ?? createChat(chatId);
    const writer = createWriter({
      timer: deps.timer,
      room,
      fly: (flight) => handleFlight(chat, flight, deps),
      onIdle: () => {
        writers.delete(chatId);
        if (!chat.state) resting.delete(chatId);
        else if (!rested || resting.peek(chatId) !== rested || chat.state.head.seq - rested.seq >= WEIGH_EVERY_EVENTS) {
          resting.set(chatId, { chat, bytes: weigh(chat.state), seq: chat.state.head.seq });
        }
      },
    });
    writers.set(chatId, writer);
    return writer;
  }

  return {
    writer: (chatId) => writers.get(chatId) ?? wake(chatId),
    idle: async () => {
      for (const writer of writers.values()) await writer.idle();
    },
  };
}
