import { batch, signal } from '@preact/signals';
import type { ChatPage, LiveChat, Message, PendingMessage, Role } from '../../sdk/index.ts';
import { connection, hindsight, tell, user } from './client.ts';

export const openChatId = signal<string | null>(null);
export const live = signal<ChatPage | null>(null);
export const pending = signal<readonly PendingMessage[]>([]);
export const role = signal<Role | null>(null);
/** What the composer is doing beside writing something new. */
export const replyingTo = signal<Message | null>(null);
export const editing = signal<OwnMessage | null>(null);

/** What is edited may be on its way still. */
export type OwnMessage = Pick<Message, 'messageId' | 'text'>;

let chat: LiveChat | null = null;

export function openConversation(chatId: string | null): void {
  if (openChatId.value === chatId) return;
  chat?.close();
  chat = null;
  batch(() => {
    openChatId.value = chatId;
    live.value = null;
    pending.value = [];
    role.value = null;
    replyingTo.value = null;
    editing.value = null;
  });
  if (chatId === null) return;
  const opened = hindsight.open(chatId);
  chat = opened;
  opened.events.on('changed', (page) => {
    live.value = page;
    pending.value = opened.pending;
    markRead();
  });
  opened.events.on('gone', () => openConversation(null));
  opened.load().catch((error: unknown) => {
    tell(error);
    if (openChatId.value === chatId) openConversation(null);
  });
  followRole(chatId, opened);
}

/** What I may do here, from now on: an answer that is older than an event does not undo it. */
function followRole(chatId: string, opened: LiveChat): void {
  let knownThrough = 0;
  const know = (is: Role, seq: number): void => {
    if (openChatId.value !== chatId || seq < knownThrough) return;
    knownThrough = seq;
    role.value = is;
  };
  opened.events.on('event', (event) => {
    if (event.type === 'MemberRoleChanged' && event.data.userId === user.value?.userId)
      know(event.data.role, event.seq);
  });
  hindsight.api.chat(chatId).then((answer) => know(answer.role, answer.asOf.seq), tell);
}

export async function loadOlder(): Promise<void> {
  await chat?.older();
}

/** What is on the screen is read, if somebody looks. */
export function markRead(): void {
  const page = live.value;
  const summary = page && hindsight.chats.get(page.chatId);
  const last = page?.messages.at(-1);
  if (!page || !summary || !last || last.seq <= summary.readSeq) return;
  if (document.visibilityState !== 'visible' || connection.value !== 'open') return;
  hindsight.chats.markRead(page.chatId, last.seq);
  hindsight.commands.read(page.chatId, last.seq).catch(() => undefined); // the next message moves the mark again
}

export function say(text: string): void {
  const chatId = openChatId.value;
  if (chatId === null) return;
  const replyTo = replyingTo.value?.messageId;
  hindsight.queue.send(chatId, { text, ...(replyTo === undefined ? {} : { replyTo }) });
  replyingTo.value = null;
}

export function rewrite({ messageId }: OwnMessage, text: string): void {
  editing.value = null;
  if (openChatId.value !== null) editOnceSent(openChatId.value, messageId, text).catch(tell);
}

async function editOnceSent(chatId: string, messageId: string, text: string): Promise<void> {
  await hindsight.queue.answerTo(messageId);
  await hindsight.commands.edit(chatId, messageId, text);
}

export function remove(message: Message): void {
  if (openChatId.value !== null) hindsight.commands.delete(openChatId.value, message.messageId).catch(tell);
}

export function toggleReaction(message: Message, emoji: string): void {
  if (openChatId.value === null) return;
  const mine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.mine);
  const command = mine ? 'unreact' : 'react';
  hindsight.commands[command](openChatId.value, message.messageId, emoji).catch(tell);
}

export function discard(messageId: string): void {
  chat?.discard(messageId);
}

/** Once more, under a new id: the old one was refused. */
export function sendAgain({ message }: PendingMessage): void {
  chat?.discard(message.messageId);
  const { text, replyTo } = message;
  hindsight.queue.send(message.chatId, { text, ...(replyTo === undefined ? {} : { replyTo }) });
}
