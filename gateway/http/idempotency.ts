import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { Ulid, type UserId } from '../../events/ids.ts';
import { newId } from '../new-id.ts';

/** Recorded in the events of a chat. */
const OriginHeaders = {
  'correlation-id': Ulid.optional().meta({
    description: 'A ULID that all commands of one undertaking share. Left out, it is the command’s own id.',
  }),
  'causation-id': Ulid.optional().meta({
    description: 'A ULID: the id of the message or command that this one is an answer to.',
  }),
};

/** The headers of a command. */
export const CommandHeaders = z.looseObject({
  'idempotency-key': Ulid.optional().meta({
    description:
      'A ULID of the client: the same one again is answered as at first, for ever. Left out, the server makes one.',
  }),
  ...OriginHeaders,
});

/** The id of the command: the client's, or a fresh one. */
export function commandIdOf(request: FastifyRequest<{ Headers: { 'idempotency-key'?: string | undefined } }>): string {
  return request.headers['idempotency-key'] ?? newId();
}

interface ChatCommandHeaders {
  'idempotency-key'?: string | undefined;
  'correlation-id'?: string | undefined;
  'causation-id'?: string | undefined;
}

/** Who gives a command to a chat, by which id, and what it belongs to. */
export function chatFrame(request: FastifyRequest<{ Headers: ChatCommandHeaders }>): {
  actor: UserId;
  commandId: string;
  correlationId: string | undefined;
  causationId: string | undefined;
} {
  const { 'correlation-id': correlationId, 'causation-id': causationId } = request.headers;
  const actor = request.principal.userId;
  return { actor, commandId: commandIdOf(request), correlationId, causationId };
}
