import type { Commands } from '../../commands/index.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { Queries } from '../../queries/index.ts';
import type { Auth } from '../auth/api.ts';
import type { GatewayLogger } from '../context.ts';
import type { Presence } from '../presence/presence.ts';
import type { SayTyping } from '../presence/typing.ts';
import type { Slots } from '../slots/ports.ts';
import type { GatewayCounters } from './counters.ts';
import type { Gate } from './gate.ts';
import type { Hub } from './hub/hub.ts';
import type { Moves } from './moves.ts';

/** What the ops of all sockets share. */
export interface Services {
  readonly commands: Commands;
  readonly queries: Queries;
  readonly auth: Auth;
  readonly log: EventLog;
  readonly logger: GatewayLogger;
  readonly clock: () => number;
  readonly newId: () => string;
  readonly hub: Hub;
  /** Null where this gateway serves everybody. */
  readonly slots: Slots | null;
  readonly moves: Moves;
  readonly presence: Presence;
  readonly sayTyping: SayTyping;
  /** Backlogs and replays read their pages through it. */
  readonly catchUps: Gate;
  readonly counters: GatewayCounters;
}
