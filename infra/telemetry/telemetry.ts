import type { FastifyInstance } from 'fastify';
import type { TopicGroup, TopicWriter } from '../../events/backplane.ts';
import type { Batch, EventStore } from '../../events/event-store.ts';

/** What can be followed: the live feed of a gateway, or the log itself. */
export interface Followed {
  subscribe(options: { after: number; signal: AbortSignal }): AsyncIterable<Batch>;
}

/**
 * Traces, put around the ports by whoever composes a process: the rooms behind the ports know nothing of them. A trace
 * goes from hop to hop in the metadata of the event (`traceparent`), and so through any store and any backplane.
 */
export interface Telemetry {
  /** The trace that the caller is in, for the metadata of events (`CommandsDeps.trace`); absent where nothing is traced. */
  readonly trace?: () => string | undefined;
  /** A span for each request to the API (`HttpOptions.instrument`). */
  readonly instrument?: (app: FastifyInstance) => void;
  /** A span for each op of a socket (`GatewayOptions.aroundOp`). */
  readonly aroundOp?: <T>(op: { name: string; traceparent: string | undefined }, run: () => T) => T;
  /** A span for each command. */
  commands<C extends object>(commands: C): C;
  /** A span for each append. */
  store<S extends EventStore>(store: S): S;
  /** A span for each write to a topic: the relay's, the deliveries'. */
  writer(writer: TopicWriter, topic: string): TopicWriter;
  /** A span for each batch that a member of a group takes: projectors, deliveries. */
  group(group: TopicGroup, name: string): TopicGroup;
  /** A span for each batch that is pushed to sockets. */
  feed<F extends Followed>(feed: F): F;
  /** Hands over what was not exported yet. Never rejects. */
  close(): Promise<void>;
}

/** Nothing is traced: what is wrapped comes back as it is, so that being off costs nothing. */
export const untraced: Telemetry = {
  commands: (commands) => commands,
  store: (store) => store,
  writer: (writer) => writer,
  group: (group) => group,
  feed: (feed) => feed,
  close: () => Promise.resolve(),
};
