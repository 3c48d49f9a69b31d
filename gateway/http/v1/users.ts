import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { UserId } from '../../../events/ids.ts';
import { FoundUser, PublicUser, UserPage } from '../../answers.ts';
import { Cursor, given, LIST_LIMIT, LIST_MAX_LIMIT, limitUpTo, lowered } from '../../requests.ts';
import { perAddress } from '../authenticate.ts';
import { CREDENTIALS_BODY_MAX_BYTES } from '../body.ts';
import { about, aboutOpen, openProblems, readProblems } from '../describe.ts';
import { CommandHeaders } from '../idempotency.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';

export const SEARCH_MIN_CODE_POINTS = 3;
const SEARCH_MAX_LENGTH = 100;
const NAME_MAX_LENGTH = 400;
/** Longer than any password may be: how long exactly is said by the password rules. */
const PASSWORD_MAX_LENGTH = 1_024;

export const Name = z.string().max(NAME_MAX_LENGTH);
export const Password = z.string().max(PASSWORD_MAX_LENGTH).meta({ format: 'password' });
const Registration = z.strictObject({ username: Name, password: Password, displayName: Name }).meta({
  example: { username: 'mara', password: 'ten small owls', displayName: 'Mara' },
});

export const registration: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { auth }, limits }) => {
  app.post(
    '/users',
    {
      bodyLimit: CREDENTIALS_BODY_MAX_BYTES,
      onRequest: perAddress(limits, 'registerPerAddress'),
      schema: {
        ...aboutOpen('registerUser', 'users', 'Register a user'),
        headers: CommandHeaders,
        body: Registration,
        response: { 201: PublicUser, ...openProblems('username-taken', 'command-id-reused', 'id-from-the-future') },
      },
    },
    async (request, reply) => {
      const commandId = request.headers['idempotency-key'];
      const user = accept(await auth.register({ ...request.body, ...given({ commandId }) }));
      return reply.code(201).send(user);
    },
  );
};

export const users: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { queries } }) => {
  app.get(
    '/users',
    {
      schema: {
        ...about(
          'findUsers',
          'users',
          'Find users by name',
          'Of three characters or more, as the configuration allows.',
        ),
        querystring: readQuery({
          query: z
            .string()
            .max(SEARCH_MAX_LENGTH)
            .refine((text) => Array.from(text).length >= SEARCH_MIN_CODE_POINTS, 'must have three characters or more'),
          cursor: Cursor.optional(),
          limit: inQuery(limitUpTo(LIST_MAX_LIMIT, LIST_LIMIT)),
        }),
        response: { 200: UserPage, ...readProblems() },
      },
    },
    async ({ query: { query, cursor, limit } }) =>
      accept(await queries.users({ query, limit: lowered(limit, LIST_MAX_LIMIT), ...given({ cursor }) })),
  );
  app.get(
    '/users/:userId',
    {
      schema: {
        ...about('getUser', 'users', 'One user'),
        params: z.object({ userId: UserId }),
        querystring: readQuery({}),
        response: { 200: FoundUser, ...readProblems('user-not-found') },
      },
    },
    async ({ params: { userId } }) => accept(await queries.user(userId)),
  );
};
