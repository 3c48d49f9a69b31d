import type { Commands } from '../../../commands/index.ts';
import type { ChatEvent } from '../../../events/chat.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import type { Queries } from '../../../queries/index.ts';
import type { GatewayLogger } from '../../context.ts';
import type { LiveFeed } from '../../live-feed.ts';
import type { GatewayCounters } from '../counters.ts';
import type { Flusher } from '../outbox.ts';

/** Hears what the hub is told, before it is pushed. */
export interface HubFollower {
  /** Somebody came into a chat, or left it. */
  moved(event: ChatEvent): void;
  /** Something was missed, and nobody knows what. */
  missed(): void;
}

export interface HubContext {
  readonly feed: LiveFeed;
  readonly queries: Queries;
  readonly commands: Commands;
  readonly logger: GatewayLogger;
  readonly clock: () => number;
  readonly flusher: Flusher;
  readonly counters: GatewayCounters;
  readonly follower?: HubFollower;
  /** The feed has failed for good. Called once. */
  readonly onFatal: (error: Error) => void;
}

/** Something that ends when a user leaves a chat: a replay. */
export interface Watch {
  readonly chatId: ChatId;
  readonly userId: UserId;
  removed(): void;
}

export type Watches = Map<ChatId, Set<Watch>>;
