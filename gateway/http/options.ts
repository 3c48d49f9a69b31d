import type { Registry } from 'prom-client';
import type { GatewayContext } from '../context.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { ProjectionAdmin } from './ops/port.ts';

/** What the HTTP edge is made of. */
export interface HttpOptions {
  context: GatewayContext;
  limits: RateLimits;
  projections: ProjectionAdmin;
  health: Health;
  /** Every room adds its own; `/metrics` shows them all. */
  metrics: Registry;
  /** The fully qualified form of one emoji, as reactions are kept; null where the text is none. */
  qualifyEmoji: (text: string) => string | null;
  version: string;
  /** The socket's address, which the console is allowed to connect to. */
  gatewayUrl: () => string;
  asyncapi?: () => object | Promise<object>;
  /** What the console signs in with where there is a demo; answered to callers on this machine's own addresses only. */
  demo?: () => DemoSignIn | null;
  /** The folder of the built console; without one there is no page at `/`. */
  webRoot?: string;
}

export interface DemoSignIn {
  users: { username: string; displayName: string; password: string }[];
  chatId: string | null;
  title: string;
  /** A moment in the chat that is worth looking at, RFC 3339. */
  asOf: string;
  attribution: string;
}

export interface Health {
  /** True once everything has been opened. */
  started(): boolean;
  /** What must hold for the server to do its work, by name. */
  checks(): Promise<Record<string, boolean>> | Record<string, boolean>;
}
