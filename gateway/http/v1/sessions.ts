import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { Session } from '../../answers.ts';
import { addressKey } from '../../rate-limits.ts';
import { perAddress, take } from '../authenticate.ts';
import { CREDENTIALS_BODY_MAX_BYTES } from '../body.ts';
import { about, aboutOpen, commandProblems, openProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { Name, Password } from './users.ts';

const REFRESH_TOKEN_MAX_LENGTH = 200;

export const signingIn: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { auth }, limits }) => {
  app.post(
    '/sessions',
    {
      bodyLimit: CREDENTIALS_BODY_MAX_BYTES,
      onRequest: perAddress(limits, 'signInPerAddress'),
      schema: {
        ...aboutOpen('signIn', 'sessions', 'Sign in'),
        body: z
          .strictObject({ username: Name, password: Password })
          .meta({ example: { username: 'mara', password: 'ten small owls' } }),
        response: { 201: Session, ...openProblems('bad-credentials') },
      },
    },
    async (request, reply) => {
      const { username } = request.body;
      await take(limits, 'signInPerName', `${addressKey(request.ip)} ${username.toLowerCase()}`);
      return reply.code(201).send(accept(await auth.signIn(request.body)));
    },
  );
  app.post(
    '/sessions/refresh',
    {
      bodyLimit: CREDENTIALS_BODY_MAX_BYTES,
      onRequest: perAddress(limits, 'refreshPerAddress'),
      schema: {
        ...aboutOpen(
          'refreshSession',
          'sessions',
          'Exchange a refresh token for new tokens',
          'Each can be used once: used again, it ends the session.',
        ),
        body: z.strictObject({ refreshToken: z.string().max(REFRESH_TOKEN_MAX_LENGTH) }),
        response: { 201: Session, ...openProblems('unauthenticated') },
      },
    },
    async (request, reply) => reply.code(201).send(accept(await auth.refresh(request.body.refreshToken))),
  );
};

export const signingOut: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { auth } }) => {
  app.delete(
    '/sessions/current',
    {
      schema: {
        ...about('signOut', 'sessions', 'Sign out', 'Sockets of the session close within a second.'),
        response: { 204: z.undefined().meta({ description: 'Signed out.' }), ...commandProblems() },
      },
    },
    async (request, reply) => {
      await auth.signOut(request.principal);
      return reply.code(204).send();
    },
  );
};
