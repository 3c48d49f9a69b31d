import type { VNode } from 'preact';
import type { ChatSummary, Message } from '../../sdk/index.ts';
import { chats, hindsight, listed, tell, user } from '../state/client.ts';
import { openChatId, openConversation } from '../state/conversation.ts';
import { nameOf } from '../state/people.ts';
import { online } from '../state/presence.ts';
import { Brand } from './brand.tsx';
import { Connection } from './connection.tsx';
import { formatCount, formatWhen, hueOf, initialOf } from './format.ts';
import { NewChat } from './new-chat.tsx';

export function ChatList(): VNode {
  return (
    <nav class="chats" aria-label="Conversations">
      <header>
        <Brand />
        <Connection />
      </header>
      <ul>
        {chats.value.map((chat) => (
          <li key={chat.chatId}>
            <Entry chat={chat} />
          </li>
        ))}
      </ul>
      {listed.value && chats.value.length === 0 && <p class="hint">No conversations yet. Start one below.</p>}
      <NewChat />
      <footer>
        <span class="me">{user.value?.displayName}</span>
        <button type="button" class="quiet" onClick={() => void hindsight.session.signOut().catch(tell)}>
          Sign out
        </button>
      </footer>
    </nav>
  );
}

export const titleOf = (chat: Pick<ChatSummary, 'title' | 'peerId'>): string =>
  chat.title ?? (chat.peerId === undefined ? 'Conversation' : (nameOf(chat.peerId) ?? '…'));

function Entry({ chat }: { chat: ChatSummary }): VNode {
  const title = titleOf(chat);
  const current = openChatId.value === chat.chatId;
  const here = chat.peerId !== undefined && online.value.has(chat.peerId);
  return (
    <button
      type="button"
      class="entry"
      aria-current={current ? 'page' : undefined}
      onClick={() => openConversation(chat.chatId)}
    >
      <span class={`avatar ${hueOf(chat.chatId)} ${here ? 'is-online' : ''}`} aria-hidden="true">
        {initialOf(title)}
      </span>
      <span class="title">
        {title}
        {here && <span class="hidden-text"> (online)</span>}
      </span>
      {chat.lastMessage && <time dateTime={chat.lastMessage.at}>{formatWhen(chat.lastMessage.at)}</time>}
      <span class="last">{chat.lastMessage ? <Last message={chat.lastMessage} /> : 'No messages yet'}</span>
      {chat.unread > 0 && !current && (
        <span class="unread">
          {formatCount(chat.unread)}
          <span class="hidden-text"> unread</span>
        </span>
      )}
    </button>
  );
}

function Last({ message }: { message: Message }): VNode {
  const mine = message.senderId === user.value?.userId;
  const sender = mine ? 'You' : (message.origin?.author ?? nameOf(message.senderId) ?? '…');
  return (
    <>
      {sender}: {message.deleted ? 'deleted a message' : message.text}
    </>
  );
}
