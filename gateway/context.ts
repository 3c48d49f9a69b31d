import type { Commands } from '../commands/index.ts';
import type { EventLog } from '../events/event-store.ts';
import type { Queries } from '../queries/index.ts';
import type { Auth } from './auth/api.ts';
import type { LiveFeed } from './live-feed.ts';
import type { Signals } from './signals/port.ts';
import type { Slots } from './slots/ports.ts';

/** What both edges (HTTP and sockets) are given by the composition root. */
export interface GatewayContext {
  readonly commands: Commands;
  readonly queries: Queries;
  readonly auth: Auth;
  /** The log, for its epoch and head and the analysts' stream: never for deciding. */
  readonly log: EventLog;
  readonly settings: GatewaySettings;
  readonly logger: GatewayLogger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** What the sockets are given besides. */
export interface SocketContext extends GatewayContext {
  /** Events for whoever is connected here. Embedded it is the log. */
  readonly feed: LiveFeed;
  /** Who is served where; left out where this gateway serves everybody. */
  readonly slots?: Slots;
  readonly signals: Signals;
  /** The feed has failed for good: nobody who is connected here would be told anything any more. */
  readonly onFatal: (error: Error) => void;
}

export interface GatewaySettings {
  host: string;
  httpPort: number;
  gatewayPort: number;
  /** Allowed `Origin`s, exact. Filled with the own address where none is configured. */
  origins: readonly string[];
  rateLimits: boolean;
}

/** The part of pino that the edges use. Never a token, password or text of a message in any field. */
export interface GatewayLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
