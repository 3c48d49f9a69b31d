import type { LogPosition } from '../events/event-store.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import type { ChatHistoryReader } from './chat-history/view.ts';
import type { ChatLogReader } from './chat-log/view.ts';
import type { MembersReader } from './members/view.ts';
import type { ParkedChats } from './parked/view.ts';
import type { ViewProgress } from './progress.ts';
import type { UserChatsReader } from './user-chats/view.ts';
import type { UsersReader } from './users/view.ts';
import type { Access } from './visibility/index.ts';

export type UserSearch = 'off' | 'prefix' | 'part';

/** What the queries are given. */
export interface QueryDeps {
  readonly chatHistory: ChatHistoryReader;
  readonly chatLog: ChatLogReader;
  readonly members: MembersReader;
  readonly userChats: UserChatsReader;
  readonly users: UsersReader;
  readonly progress: ViewProgress;
  /** Left out where nothing is ever parked. */
  readonly parked?: ParkedChats;
  /** The position of the log's last event. */
  readonly head: () => Promise<LogPosition>;
  readonly epoch: string;
  /** The log's own state: null where there is no such chat. */
  readonly access: (chatId: ChatId, userId: UserId) => Promise<Access | null>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** How users can be searched; a function, where it can change while the server runs. */
  readonly userSearch: UserSearch | (() => UserSearch);
}

/** How long a read waits for a view that lags behind what it was asked for (PROTOCOL §4). */
export const BEHIND_WAIT_MS = 2_000;
/** Over this lag, who may see what is decided from the log's own state: stale history is harmless, a stale right leaks. */
export const STALE_RIGHTS_MS = 1_000;
/** What one read returns at most, whatever was asked for. */
export const PAGE_MAX = 200;
export const EVENTS_PAGE_MAX = 1_000;
