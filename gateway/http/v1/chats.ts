import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import type { ChatCommand } from '../../../commands/index.ts';
import { directChatId } from '../../../events/ids.ts';
import { Chat, ChatPage, Reply, StartedChat } from '../../answers.ts';
import {
  ChatId,
  ChatsInput,
  given,
  LIST_MAX_LIMIT,
  lowered,
  Point,
  RenameInput,
  readPoint,
  readPosition,
  StartChatInput,
} from '../../requests.ts';
import { perCommand } from '../authenticate.ts';
import { MEMBERS_BODY_MAX_BYTES } from '../body.ts';
import { about, commandProblems, readProblems } from '../describe.ts';
import { CommandHeaders, chatFrame } from '../idempotency.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';

export const ChatParams = z.object({ chatId: ChatId });
export const AsOfQuery = inQuery(Point.optional()).meta({
  description: 'The chat as it stood: a seq, or a UTC time with `Z`. Left out: now.',
});

export const chats: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { queries, log } }) => {
  app.get(
    '/chats',
    {
      schema: {
        ...about(
          'listChats',
          'chats',
          'My chats, newest message first',
          '`changedAfter`: those with any event after it.',
        ),
        querystring: readQuery({ ...ChatsInput.shape, limit: inQuery(ChatsInput.shape.limit) }),
        response: { 200: ChatPage, ...readProblems() },
      },
    },
    async ({ principal, query: { changedAfter, cursor, limit } }) => {
      const after = changedAfter === undefined ? undefined : accept(readPosition(changedAfter, log.epoch));
      const page = { limit: lowered(limit, LIST_MAX_LIMIT), ...given({ changedAfter: after, cursor }) };
      return accept(await queries.chats(principal.userId, page));
    },
  );
  app.get(
    '/chats/:chatId',
    {
      schema: {
        ...about('getChat', 'chats', 'One chat, now or as it stood'),
        params: ChatParams,
        querystring: readQuery({ asOf: AsOfQuery }),
        response: { 200: Chat, ...readProblems('chat-not-found', 'as-of-unknown', 'not-visible') },
      },
    },
    async ({ principal, params: { chatId }, query: { asOf } }) =>
      accept(await queries.chat(principal.userId, chatId, asOf === undefined ? undefined : readPoint(asOf))),
  );
};

export const chatCommands: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { commands }, limits }) => {
  app.addHook('preValidation', perCommand(limits));
  app.post(
    '/chats',
    {
      bodyLimit: MEMBERS_BODY_MAX_BYTES,
      schema: {
        ...about('startChat', 'chats', 'Start a chat', 'A direct chat that stands already is answered with 200.'),
        headers: CommandHeaders,
        body: StartChatInput.meta({ example: { kind: 'group', title: 'Owls', members: [] } }),
        response: {
          200: StartedChat,
          201: StartedChat,
          ...commandProblems(
            'user-not-found',
            'command-id-reused',
            'id-from-the-future',
            'direct-chat',
            'group-full',
            'not-connected',
          ),
        },
      },
    },
    async (request, reply) => {
      const started = accept(await commands.chat(startChat(chatFrame(request), request.body)));
      return reply.code(started.repeated || !started.changed ? 200 : 201).send(started);
    },
  );
  app.patch(
    '/chats/:chatId',
    {
      schema: {
        ...about('renameChat', 'chats', 'Rename a group'),
        params: ChatParams,
        headers: CommandHeaders,
        body: RenameInput,
        response: {
          200: Reply,
          ...commandProblems('forbidden', 'chat-not-found', 'command-id-reused', 'id-from-the-future', 'direct-chat'),
        },
      },
    },
    async (request) =>
      accept(
        await commands.chat({
          type: 'rename-chat',
          ...chatFrame(request),
          chatId: request.params.chatId,
          title: request.body.title,
        }),
      ),
  );
};

function startChat(frame: ReturnType<typeof chatFrame>, body: z.infer<typeof StartChatInput>): ChatCommand {
  if (body.kind === 'direct') {
    const chatId = directChatId(frame.actor, body.userId);
    return { type: 'start-chat', ...frame, chatId, kind: 'direct', members: [body.userId] };
  }
  const { chatId = frame.commandId, title, members, historyVisibility, pastContent } = body;
  const more = given({ historyVisibility, pastContent });
  // Without an id of its own the group has the command's, so that a repeat finds the same group.
  return { type: 'start-chat', ...frame, chatId, kind: 'group', title, members, ...more };
}
