import { sentMessage } from '../../events/chat-view.ts';
import type { Api } from './api.ts';
import { Emitter } from './emitter.ts';
import { applyToMessage } from './fold.ts';
import type { ChatSummary, Message, SeenEvent } from './model.ts';
import type { Socket } from './socket.ts';
import type { Sync } from './sync.ts';

const CHATS_PER_PAGE = 100;

interface ListEvents {
  changed: readonly ChatSummary[];
}

/** My chats, newest message first, with titles, last messages and unread counts kept up to date. */
export class ChatList {
  readonly events = new Emitter<ListEvents>();
  readonly #chats = new Map<string, ChatSummary>();
  readonly #api: Api;
  readonly #socket: Socket;

  constructor({ sync, socket, api }: { sync: Sync; socket: Socket; api: Api }) {
    this.#api = api;
    this.#socket = socket;
    sync.events.on('listed', (chats) => this.#replace(chats));
    sync.events.on('joined', (chat) => this.#put(chat));
    sync.events.on('gone', ({ chatId }) => this.#chats.delete(chatId) && this.#changed());
    sync.events.on('event', (event) => this.#apply(event));
    sync.events.on('reload', ({ chatId }) => this.#refresh(chatId));
    socket.events.on('push', (push) => {
      if (push.ev === 'receipt' && push.userId === this.#me) this.markRead(push.chatId, push.readSeq);
    });
  }

  get chats(): readonly ChatSummary[] {
    return [...this.#chats.values()].sort(newestFirst);
  }

  get(chatId: string): ChatSummary | null {
    return this.#chats.get(chatId) ?? null;
  }

  /** I have read up to there, on this client or another. */
  markRead(chatId: string, readSeq: number): void {
    const chat = this.#chats.get(chatId);
    if (!chat || readSeq <= chat.readSeq) return;
    if (readSeq >= (chat.lastMessage?.seq ?? 0)) this.#put({ ...chat, readSeq, unread: 0 });
    else this.#refresh(chatId);
  }

  #replace(chats: readonly ChatSummary[]): void {
    this.#chats.clear();
    for (const chat of chats) this.#chats.set(chat.chatId, chat);
    this.#changed();
  }

  #put(chat: ChatSummary): void {
    this.#chats.set(chat.chatId, chat);
    this.#changed();
  }

  #apply(event: SeenEvent): void {
    const chat = this.#chats.get(event.chatId);
    const seq = event.type === 'Hidden' ? event.throughSeq : event.seq;
    // A summary may have been read after this event happened: it has its effect already.
    if (!chat || seq <= chat.headSeq) return;
    this.#put({ ...applyToSummary(chat, event, this.#me), headSeq: seq });
  }

  /** Counts that cannot be told from what we have are asked for. */
  #refresh(chatId: string): void {
    this.#find(chatId).then(
      (fresh) => {
        if (fresh && fresh.headSeq >= (this.#chats.get(chatId)?.headSeq ?? 0)) this.#put(fresh);
      },
      () => undefined, // the next event or connection brings the list up to date
    );
  }

  /** Page by page: a chat that was silent for long stands far behind. */
  async #find(chatId: string): Promise<ChatSummary | null> {
    for (let cursor: string | undefined; ; ) {
      const { chats, next } = await this.#api.chats({ limit: CHATS_PER_PAGE, cursor });
      const found = chats.find((chat) => chat.chatId === chatId);
      if (found || next === null) return found ?? null;
      cursor = next;
    }
  }

  get #me(): string {
    return this.#socket.welcome?.userId ?? '';
  }

  #changed(): void {
    this.events.emit('changed', this.chats);
  }
}

function applyToSummary(chat: ChatSummary, event: SeenEvent, me: string): ChatSummary {
  switch (event.type) {
    case 'ChatRenamed':
      return { ...chat, title: event.data.title };
    case 'MemberAdded':
      return { ...chat, memberCount: chat.memberCount + 1 };
    case 'MemberRemoved':
      return { ...chat, memberCount: Math.max(0, chat.memberCount - 1) };
    case 'MessageSent': {
      const { rev: _, ...sent } = sentMessage(event);
      const lastMessage: Message = { ...sent, mentions: [...sent.mentions], files: [...sent.files], reactions: [] };
      return event.actor === me
        ? { ...chat, lastMessage, unread: 0, readSeq: event.seq }
        : { ...chat, lastMessage, unread: chat.unread + 1 };
    }
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved': {
      const { lastMessage } = chat;
      return lastMessage?.messageId === event.data.messageId
        ? { ...chat, lastMessage: applyToMessage(lastMessage, event, me) }
        : chat;
    }
    default:
      return chat;
  }
}

function newestFirst(a: ChatSummary, b: ChatSummary): number {
  const [atA, atB] = [a.lastMessage?.at ?? '', b.lastMessage?.at ?? ''];
  if (atA !== atB) return atA < atB ? 1 : -1;
  return a.chatId < b.chatId ? 1 : -1;
}
