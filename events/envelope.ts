import * as z from 'zod';
import { Ulid } from './ids.ts';

/** What is recorded beside the data of every event, in every stream. */
export const Metadata = z.object({
  v: z.int().min(1),
  actor: z.string(),
  /** Milliseconds since 1970: the clock, but never earlier than the stream's previous event; an import's source time. */
  at: z.int(),
  commandId: Ulid,
  correlationId: Ulid,
  causationId: Ulid.optional(),
  /** W3C trace context of the command, where it was traced: whatever handles the event goes on with that trace. */
  traceparent: z.string().optional(),
});
export type Metadata = z.infer<typeof Metadata>;

const TRACEPARENT = /"traceparent"\s*:\s*"([^"\\]+)"/;

/** The trace that an event belongs to, from its metadata as text; undefined for nearly all events of a deployment. */
export const traceparentOf = (metadata: string): string | undefined =>
  metadata.includes('"traceparent"') ? TRACEPARENT.exec(metadata)?.[1] : undefined;
