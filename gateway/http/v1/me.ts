import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { Profile } from '../../answers.ts';
import { given } from '../../requests.ts';
import { perUser } from '../authenticate.ts';
import { CREDENTIALS_BODY_MAX_BYTES } from '../body.ts';
import { about, commandProblems, readProblems } from '../describe.ts';
import { CommandHeaders, commandIdOf } from '../idempotency.ts';
import type { HttpOptions } from '../options.ts';
import { accept, refuse } from '../problems.ts';
import { readQuery } from '../query.ts';
import { Name, Password } from './users.ts';

export const me: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { auth, commands }, limits }) => {
  app.get(
    '/me',
    {
      schema: {
        ...about('getMe', 'me', 'My profile'),
        querystring: readQuery({}),
        response: { 200: Profile, ...readProblems('user-not-found') },
      },
    },
    async (request) =>
      (await commands.profile(request.principal.userId)) ?? refuse('user-not-found', 'you are not registered'),
  );
  app.patch(
    '/me',
    {
      schema: {
        ...about('changeMe', 'me', 'Change my profile', 'With `version`, only where it still is that one.'),
        headers: CommandHeaders,
        body: z.strictObject({ displayName: Name, version: z.int().min(1).optional() }),
        response: {
          200: Profile,
          ...commandProblems('version-conflict', 'command-id-reused', 'user-not-found', 'id-from-the-future'),
        },
      },
    },
    async (request) => {
      const { displayName, version } = request.body;
      const { userId } = request.principal;
      const renamed = commands.renameUser({
        userId,
        displayName,
        commandId: commandIdOf(request),
        ...given({ version }),
      });
      return withRoles(accept(await renamed));
    },
  );
  app.put(
    '/me/password',
    {
      bodyLimit: CREDENTIALS_BODY_MAX_BYTES,
      preValidation: perUser(limits, 'passwordPerUser'),
      schema: {
        ...about('changePassword', 'me', 'Change my password', 'Ends all my other sessions.'),
        headers: CommandHeaders,
        body: z.strictObject({ oldPassword: Password, newPassword: Password }),
        response: { 200: Profile, ...commandProblems('bad-credentials', 'command-id-reused', 'id-from-the-future') },
      },
    },
    async (request) =>
      withRoles(
        accept(await auth.changePassword(request.principal, { ...request.body, commandId: commandIdOf(request) })),
      ),
  );

  async function withRoles(profile: z.infer<typeof Profile>): Promise<z.infer<typeof Profile>> {
    return { ...profile, ...given({ roles: (await commands.profile(profile.userId))?.roles }) };
  }
};
