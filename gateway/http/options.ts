import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { GatewayContext } from '../context.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { ParkedAdmin } from './ops/parked/port.ts';
import type { ProjectionAdmin } from './ops/port.ts';

/** What a process says of itself to whoever runs it. */
export interface ServerState {
  health: Health;
  /** Every room adds its own; `/metrics` shows them all. */
  metrics: Registry;
  version: string;
  /** What the console signs in with where there is a demo; answered to callers on this machine's own addresses only. */
  demo?: () => DemoSignIn | null;
}

/** What the HTTP edge is made of. */
export interface HttpOptions extends ServerState {
  context: GatewayContext;
  limits: RateLimits;
  projections: ProjectionAdmin;
  parked: ParkedAdmin;
  /** False where probes and metrics have a port of their own. */
  probes?: boolean;
  /** The fully qualified form of one emoji, as reactions are kept; null where the text is none. */
  qualifyEmoji: (text: string) => string | null;
  /** The addresses of all sockets that sessions name: the console is allowed to connect to these. */
  gatewayUrls: () => readonly string[];
  asyncapi?: () => object | Promise<object>;
  /** Called before anything else is added to the server: tracing. */
  instrument?: (app: FastifyInstance) => void;
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
  /** By the name of a check that fails: why. */
  why?(): Record<string, string>;
}
