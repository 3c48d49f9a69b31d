import type { Http, HttpRequest, Tokens } from './http.ts';
import type {
  AsOf,
  Chat,
  ChatSummary,
  Diff,
  HistoryVisibility,
  Member,
  MessagePage,
  PastContent,
  Point,
  Profile,
  Reply,
  Role,
  SeenEvent,
  User,
  Version,
} from './model.ts';

export interface ReadOptions {
  /** Never answer from before this position. */
  minPosition?: string | undefined;
  signal?: AbortSignal | undefined;
}
export type PageOptions = ReadOptions & { limit?: number | undefined; cursor?: string | undefined };
export type MessagesOptions = ReadOptions & {
  limit?: number | undefined;
  before?: number | undefined;
  after?: number | undefined;
  asOf?: Point | undefined;
};

export type StartChat =
  | { kind: 'direct'; userId: string }
  | {
      kind: 'group';
      chatId?: string;
      title: string;
      members: string[];
      historyVisibility?: HistoryVisibility;
      pastContent?: PastContent;
    };
export interface NewMessage {
  text: string;
  replyTo?: string;
  mentions?: string[];
  fileIds?: string[];
}

type Positioned<T> = T & { position: string };

export interface ApiOptions {
  http: Http;
  tokens: Tokens;
  newId: () => string;
}

/** Everything that the contract offers over HTTP to a signed-in user, one method each. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  me(): Promise<Profile> {
    return this.#read('/v1/me');
  }
  rename(displayName: string, version: number): Promise<Profile> {
    return this.#command('PATCH', '/v1/me', { displayName, version });
  }
  changePassword(oldPassword: string, newPassword: string): Promise<Profile> {
    return this.#command('PUT', '/v1/me/password', { oldPassword, newPassword });
  }
  users(
    query: string,
    { limit, cursor, ...read }: PageOptions = {},
  ): Promise<Positioned<{ users: User[]; next: string | null }>> {
    return this.#read('/v1/users', { query, limit, cursor }, read);
  }
  user(userId: string, read?: ReadOptions): Promise<Positioned<User>> {
    return this.#read(`/v1/users/${userId}`, {}, read);
  }

  chats(
    options: PageOptions & { changedAfter?: string } = {},
  ): Promise<Positioned<{ chats: ChatSummary[]; next: string | null }>> {
    const { limit, cursor, changedAfter, ...read } = options;
    return this.#read('/v1/chats', { limit, cursor, changedAfter }, read);
  }
  startChat(chat: StartChat): Promise<Reply> {
    const body = chat.kind === 'group' ? { chatId: this.#options.newId(), ...chat } : chat;
    return this.#command('POST', '/v1/chats', body);
  }
  chat(chatId: string, { asOf, ...read }: ReadOptions & { asOf?: Point } = {}): Promise<Positioned<Chat>> {
    return this.#read(`/v1/chats/${chatId}`, { asOf }, read);
  }
  renameChat(chatId: string, title: string): Promise<Reply> {
    return this.#command('PATCH', `/v1/chats/${chatId}`, { title });
  }
  members(
    chatId: string,
    { asOf, cursor, limit, ...read }: PageOptions & { asOf?: Point } = {},
  ): Promise<Positioned<{ members: Member[]; next: string | null; asOf: AsOf }>> {
    return this.#read(`/v1/chats/${chatId}/members`, { asOf, cursor, limit }, read);
  }
  /** Adds a member or changes the role of one. */
  putMember(chatId: string, userId: string, role?: Role): Promise<Reply> {
    return this.#command('PUT', `/v1/chats/${chatId}/members/${userId}`, role === undefined ? {} : { role });
  }
  /** Removes a member; with one's own id: leaves. */
  removeMember(chatId: string, userId: string): Promise<Reply> {
    return this.#command('DELETE', `/v1/chats/${chatId}/members/${userId}`);
  }

  messages(chatId: string, { signal, ...query }: MessagesOptions = {}): Promise<MessagePage> {
    return this.#read(`/v1/chats/${chatId}/messages`, query, { signal });
  }
  send(chatId: string, message: NewMessage & { messageId?: string }): Promise<Reply> {
    return this.#command('POST', `/v1/chats/${chatId}/messages`, { messageId: this.#options.newId(), ...message });
  }
  edit(chatId: string, messageId: string, text: string): Promise<Reply> {
    return this.#command('PATCH', `/v1/chats/${chatId}/messages/${messageId}`, { text });
  }
  delete(chatId: string, messageId: string): Promise<Reply> {
    return this.#command('DELETE', `/v1/chats/${chatId}/messages/${messageId}`);
  }
  react(chatId: string, messageId: string, emoji: string): Promise<Reply> {
    return this.#command('PUT', reactionPath(chatId, messageId, emoji));
  }
  unreact(chatId: string, messageId: string, emoji: string): Promise<Reply> {
    return this.#command('DELETE', reactionPath(chatId, messageId, emoji));
  }

  /** Every text that a message ever had. */
  versions(chatId: string, messageId: string, read?: ReadOptions): Promise<{ versions: Version[]; asOf: AsOf }> {
    return this.#read(`/v1/chats/${chatId}/messages/${messageId}/versions`, {}, read);
  }
  reactions(
    chatId: string,
    messageId: string,
    { emoji, asOf, cursor, limit, ...read }: PageOptions & { emoji?: string; asOf?: Point } = {},
  ): Promise<{
    reactions: { emoji: string; userId: string; seq: number; at: string }[];
    next: string | null;
    asOf: AsOf;
  }> {
    return this.#read(`/v1/chats/${chatId}/messages/${messageId}/reactions`, { emoji, asOf, cursor, limit }, read);
  }
  /** The net change between two moments. */
  diff(chatId: string, span: { from: Point; to: Point } & ReadOptions): Promise<Diff> {
    const { from, to, ...read } = span;
    return this.#read(`/v1/chats/${chatId}/diff`, { from, to }, read);
  }
  /** A page of a chat's events after that seq; `next` is the `after` of the next page. */
  events(
    chatId: string,
    page: { after: number; limit?: number } & ReadOptions,
  ): Promise<{ events: SeenEvent[]; next: number | null; asOf: AsOf }> {
    const { after, limit, ...read } = page;
    return this.#read(`/v1/chats/${chatId}/events`, { after, limit }, read);
  }

  receipts(
    chatId: string,
    read?: ReadOptions,
  ): Promise<{ receipts: { userId: string; readSeq: number; deliveredSeq: number }[] }> {
    return this.#read(`/v1/chats/${chatId}/receipts`, {}, read);
  }
  moveReceipts(
    chatId: string,
    marks: { readSeq?: number; deliveredSeq?: number },
  ): Promise<{ readSeq: number; deliveredSeq: number }> {
    return this.#command('PUT', `/v1/chats/${chatId}/receipts`, marks);
  }

  #read<T>(path: string, query: HttpRequest['query'] = {}, { minPosition, signal }: ReadOptions = {}): Promise<T> {
    const request: HttpRequest = {
      method: 'GET',
      path,
      query: { ...query, minPosition },
      ...(signal ? { signal } : {}),
    };
    return this.#options.http<T>(request, this.#options.tokens);
  }

  /** The key is made once, so that trying again is the same command. */
  #command<T>(method: HttpRequest['method'], path: string, body?: unknown): Promise<T> {
    const request: HttpRequest = {
      method,
      path,
      idempotencyKey: this.#options.newId(),
      ...(body === undefined ? {} : { body }),
    };
    return this.#options.http<T>(request, this.#options.tokens);
  }
}

const reactionPath = (chatId: string, messageId: string, emoji: string): string =>
  `/v1/chats/${chatId}/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`;
