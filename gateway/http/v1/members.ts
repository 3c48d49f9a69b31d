import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { MemberPage, Reply } from '../../answers.ts';
import { Cursor, given, LIST_MAX_LIMIT, limitUpTo, lowered, MemberInput, readPoint, UserId } from '../../requests.ts';
import { perCommand } from '../authenticate.ts';
import { about, commandProblems, readProblems } from '../describe.ts';
import { CommandHeaders, chatFrame } from '../idempotency.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';
import { AsOfQuery, ChatParams } from './chats.ts';

const MemberParams = ChatParams.extend({ userId: UserId });

export const members: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { queries } }) => {
  app.get(
    '/chats/:chatId/members',
    {
      schema: {
        ...about('listMembers', 'members', 'The members of a chat, now or as it stood'),
        params: ChatParams,
        querystring: readQuery({
          asOf: AsOfQuery,
          cursor: Cursor.optional(),
          limit: inQuery(limitUpTo(LIST_MAX_LIMIT, LIST_MAX_LIMIT)),
        }),
        response: { 200: MemberPage, ...readProblems('chat-not-found', 'as-of-unknown', 'not-visible') },
      },
    },
    async ({ principal, params: { chatId }, query: { asOf, cursor, limit } }) => {
      const point = asOf === undefined ? undefined : readPoint(asOf);
      const page = { limit: lowered(limit, LIST_MAX_LIMIT), ...given({ asOf: point, cursor }) };
      return accept(await queries.members(principal.userId, chatId, page));
    },
  );
};

export const memberCommands: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { commands }, limits }) => {
  app.addHook('preValidation', perCommand(limits));
  const refusals = commandProblems(
    'forbidden',
    'chat-not-found',
    'user-not-found',
    'command-id-reused',
    'id-from-the-future',
    'direct-chat',
    'group-full',
  );
  app.put(
    '/chats/:chatId/members/:userId',
    {
      schema: {
        ...about('putMember', 'members', 'Add a member, or give one a role'),
        params: MemberParams,
        headers: CommandHeaders,
        body: MemberInput.optional(),
        response: { 200: Reply, ...refusals },
      },
    },
    async (request) => {
      const { chatId, userId } = request.params;
      const frame = { ...chatFrame(request), chatId };
      return accept(
        await commands.chat({ type: 'put-member', ...frame, userId, ...given({ role: request.body?.role }) }),
      );
    },
  );
  app.delete(
    '/chats/:chatId/members/:userId',
    {
      schema: {
        ...about('removeMember', 'members', 'Remove a member, or leave'),
        params: MemberParams,
        headers: CommandHeaders,
        response: { 200: Reply, ...refusals },
      },
    },
    async (request) => {
      const { chatId, userId } = request.params;
      const frame = { ...chatFrame(request), chatId };
      return accept(await commands.chat({ type: 'remove-member', ...frame, userId }));
    },
  );
};
