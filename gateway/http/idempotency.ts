import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { Ulid } from '../../events/ids.ts';
import { newId } from '../new-id.ts';

/** The headers of a command. */
export const CommandHeaders = z.looseObject({
  'idempotency-key': Ulid.optional().meta({
    description:
      'A ULID of the client: the same one again is answered as at first, for ever. Left out, the server makes one.',
  }),
});

/** The id of the command: the client's, or a fresh one. */
export function commandIdOf(request: FastifyRequest<{ Headers: { 'idempotency-key'?: string | undefined } }>): string {
  return request.headers['idempotency-key'] ?? newId();
}
