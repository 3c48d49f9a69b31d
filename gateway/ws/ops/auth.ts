import * as z from 'zod';
import { rfc3339 } from '../../../events/codec.ts';
import { accepted, rejected } from '../../../events/error-codes.ts';
import { defineOp } from './op.ts';

const ACCESS_TOKEN_MAX_LENGTH = 4_096;

export const auth = defineOp({
  name: 'auth',
  kind: 'control',
  summary: 'Hands over a renewed access token of the same session, so that the socket stays open.',
  fields: { accessToken: z.string().max(ACCESS_TOKEN_MAX_LENGTH) },
  answer: z.object({ expiresAt: z.string() }),
  run: async ({ services, connection }, { accessToken }) => {
    const verified = await services.auth.verify(accessToken);
    if (!verified.ok) return verified;
    const { userId, sessionId, expiresAt } = verified.value;
    if (userId !== connection.userId || sessionId !== connection.principal.sessionId) {
      return rejected('forbidden', 'the token is of another session: open a socket of its own');
    }
    // Renewals may overtake each other: an older token never shortens what a newer one gave.
    if (expiresAt > connection.principal.expiresAt) connection.principal = verified.value;
    return accepted({ expiresAt: rfc3339(connection.principal.expiresAt) });
  },
});
