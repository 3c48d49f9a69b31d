import { LRUCache } from 'lru-cache';
import { type Outcome, rejected } from '../events/error-codes.ts';
import { StoreError } from '../events/event-store.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import type { ChatAccess, ChatCommand, ChatReply, Commands } from './api.ts';
import { checkCommand } from './chat/check.ts';
import { notFound } from './chat/decide.ts';
import { weigh } from './chat/messages-at-hand.ts';
import type { ChatState } from './chat/state.ts';
import { createWriter, type Refusal, type Waiting, type Writer } from './chat-writer.ts';
import { type Chat, createChat, type HandleDeps, handleFlight } from './handle.ts';
import type { StreamDeps } from './handle-stream.ts';
import type { CommandsDeps } from './ports.ts';
import { moveReceipts } from './receipts/index.ts';
import { recordOps } from './record-ops.ts';
import { systemTimer } from './system-timer.ts';
import { createUserCommands } from './user/index.ts';
import { createKnownUsers } from './user/known-users.ts';

const CHATS_IN_MEMORY_MAX_BYTES = 128 * 1_048_576;
/** A chat is weighed again when so many events came. */
const WEIGH_EVERY_EVENTS = 64;

/** The write side over its ports. Right by the event store alone; everything else only makes it faster. */
export function createCommands(given: CommandsDeps): Commands {
  let closed = false;
  const timer = given.timer ?? systemTimer;
  const missingUsers = createKnownUsers(given.store);
  const deps: HandleDeps & StreamDeps = { ...given, timer, missingUsers, closing: () => closed };
  const chats = createChats(deps);
  const enqueue = (chatId: ChatId, item: Waiting): void => chats.writer(chatId).enqueue(item);
  const look = (chatId: ChatId): Promise<Outcome<ChatState>> =>
    new Promise((resolve, reject) => enqueue(chatId, { since: timer.now(), command: null, look: resolve, reject }));
  const chat = (command: ChatCommand): Promise<Outcome<ChatReply>> => {
    if (closed) return Promise.resolve(closing());
    const checked = checkCommand(command, deps.emoji);
    if (!checked.ok) return Promise.resolve(checked);
    return new Promise((resolve, reject) =>
      enqueue(command.chatId, { since: timer.now(), command: checked.value, resolve, reject }),
    );
  };

  return {
    ...createUserCommands(deps),
    chat,
    async access(chatId, userId) {
      const looked = await look(chatId);
      if (!looked.ok) throw new StoreError('unavailable', looked.rejection.detail);
      return accessOf(looked.value, userId);
    },
    async moveReceipts(move) {
      if (closed) return closing();
      const looked = await look(move.chatId);
      if (!looked.ok) return looked;
      const bounds = receiptBounds(looked.value, move.actor);
      return bounds ? moveReceipts(move, bounds, deps) : notFound();
    },
    recordOps: (entry) => recordOps(entry, deps),
    async close() {
      closed = true;
      await chats.idle();
    },
  };
}

const closing = (): Refusal => rejected('unavailable', 'the server is shutting down', { retryAfterS: 1 });

interface Chats {
  writer(chatId: ChatId): Writer;
  idle(): Promise<void>;
}

/** The chats in memory: those with something to do for as long as they have, the rest while there is room. */
function createChats(deps: HandleDeps): Chats {
  const writers = new Map<ChatId, Writer>();
  const resting = new LRUCache<ChatId, { chat: Chat; bytes: number; seq: number }>({
    maxSize: CHATS_IN_MEMORY_MAX_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  });

  function wake(chatId: ChatId): Writer {
    const rested = resting.get(chatId);
    const chat = rested?.chat ?? createChat(chatId);
    const writer = createWriter({
      timer: deps.timer,
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
      for (const writer of [...writers.values()]) await writer.idle();
    },
  };
}

function accessOf({ head, members }: ChatState, userId: UserId): ChatAccess | null {
  if (head.seq === 0) return null;
  const { kind, historyVisibility, pastContent, seq: headSeq } = head;
  const member = members.get(userId);
  const spans = (member?.spans ?? []).map((span) => ({ ...span }));
  return { kind, historyVisibility, pastContent, headSeq, role: member?.role ?? null, spans };
}

/** null for who is not a member. A mark begins at the latest coming, and own messages move it. */
function receiptBounds({ head, members, sent }: ChatState, userId: UserId): { least: number; headSeq: number } | null {
  const member = members.get(userId);
  if (!member || member.role === null) return null;
  return { least: Math.max(member.spans.at(-1)?.from ?? 0, sent.get(userId) ?? 0), headSeq: head.seq };
}
