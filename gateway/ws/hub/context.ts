import type { Commands } from '../../../commands/index.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import type { Queries } from '../../../queries/index.ts';
import type { GatewayLogger } from '../../context.ts';
import type { LiveFeed } from '../../live-feed.ts';
import type { GatewayCounters } from '../counters.ts';
import type { Flusher } from '../outbox.ts';

export interface HubContext {
  readonly feed: LiveFeed;
  readonly queries: Queries;
  readonly commands: Commands;
  readonly logger: GatewayLogger;
  readonly clock: () => number;
  readonly flusher: Flusher;
  readonly counters: GatewayCounters;
}

/** Something that ends when a user leaves a chat: a replay. */
export interface Watch {
  readonly chatId: ChatId;
  readonly userId: UserId;
  removed(): void;
}

export type Watches = Map<ChatId, Set<Watch>>;
