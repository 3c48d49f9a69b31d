import * as z from 'zod';
import { accepted, type Outcome } from '../../../events/error-codes.ts';
import { Ulid } from '../../../events/ids.ts';
import type { Connection } from '../connection.ts';
import type { Services } from '../services.ts';

/** How an op counts against the limits of a socket. */
export type OpKind = 'command' | 'read' | 'control';

export interface OpContext {
  readonly services: Services;
  readonly connection: Connection;
}

/** A verb of the socket: what it takes, what it answers, what it does. */
export interface Op {
  readonly name: string;
  readonly kind: OpKind;
  readonly summary: string;
  /** The whole frame, strict: a field that nobody knows is refused. */
  readonly frame: z.ZodObject;
  /** What stands beside `{id, ok: true}`. */
  readonly answer: z.ZodObject;
  /** `frame`, compiled. */
  readonly check: z.ZodType;
  /** Begins before it returns: commands of one socket are decided in the order of its frames. */
  readonly run: (context: OpContext, input: never) => Promise<Outcome<object>> | Outcome<object>;
}

export const RequestId = z
  .union([z.string().min(1).max(64), z.int()])
  .meta({ description: 'Chosen by the client; the answer repeats it.' });

/** Where a command to a chat comes from; recorded in its events. */
export const Origin = {
  correlationId: Ulid.optional().meta({
    description: 'A ULID that all commands of one undertaking share. Left out, it is the command’s own id.',
  }),
  causationId: Ulid.optional().meta({
    description: 'A ULID: the id of the message or command that this one is an answer to.',
  }),
};

const TRACEPARENT_MAX_LENGTH = 128;
const traceparent = z
  .string()
  .max(TRACEPARENT_MAX_LENGTH)
  .optional()
  .meta({ description: 'W3C trace context: a server that traces goes on with it.' });

export interface OpDefinition<N extends string, F extends z.ZodRawShape> {
  readonly name: N;
  readonly kind: OpKind;
  readonly summary: string;
  readonly fields: F;
  readonly answer: z.ZodObject;
  readonly run: (context: OpContext, input: z.output<z.ZodObject<F>>) => Promise<Outcome<object>> | Outcome<object>;
}

export function defineOp<N extends string, F extends z.ZodRawShape>(definition: OpDefinition<N, F>): Op {
  const { name, kind, summary, fields, answer, run } = definition;
  const frame = z.strictObject({ id: RequestId, op: z.literal(name), ...fields, traceparent });
  return { name, kind, summary, frame, answer, check: z.compile(frame), run: run as Op['run'] };
}

export const Empty = z.object({});

export async function reply(outcome: Promise<Outcome<{ repeated: boolean }>>): Promise<Outcome<object>> {
  const result = await outcome;
  if (!result.ok) return result;
  const { repeated: _, ...said } = result.value;
  return accepted(said);
}

export async function nothing(outcome: Promise<Outcome<unknown>>): Promise<Outcome<object>> {
  const result = await outcome;
  return result.ok ? accepted({}) : result;
}
