import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { MessagePage, ReactionPage, Reply, Versions } from '../../answers.ts';
import {
  Cursor,
  EditInput,
  Emoji,
  given,
  HISTORY_MAX_LIMIT,
  HistoryInput,
  LIST_MAX_LIMIT,
  limitUpTo,
  lowered,
  MessageId,
  onePageEdge,
  readPoint,
  SendInput,
} from '../../requests.ts';
import { perCommand } from '../authenticate.ts';
import { about, commandProblems, readProblems } from '../describe.ts';
import { CommandHeaders, commandIdOf } from '../idempotency.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';
import { AsOfQuery, ChatParams } from './chats.ts';

const MessageParams = ChatParams.extend({ messageId: MessageId });
const ReactionParams = MessageParams.extend({ emoji: Emoji.meta({ description: 'Percent-encoded.' }) });

export const messages: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { queries } }) => {
  const { before, after, limit } = HistoryInput.shape;
  app.get(
    '/chats/:chatId/messages',
    {
      schema: {
        ...about(
          'listMessages',
          'messages',
          'A page of messages, now or as they stood',
          'Oldest first; without `before` or `after` the newest.',
        ),
        params: ChatParams,
        querystring: readQuery({
          before: inQuery(before),
          after: inQuery(after),
          asOf: AsOfQuery,
          limit: inQuery(limit),
        }),
        response: { 200: MessagePage, ...readProblems('chat-not-found', 'as-of-unknown', 'not-visible') },
      },
    },
    async ({ principal, params: { chatId }, query }) => {
      accept(onePageEdge(query));
      const { before, after, asOf, limit } = query;
      const edges = given({ before, after, asOf: asOf === undefined ? undefined : readPoint(asOf) });
      return accept(
        await queries.messages(principal.userId, chatId, { limit: lowered(limit, HISTORY_MAX_LIMIT), ...edges }),
      );
    },
  );
  app.get(
    '/chats/:chatId/messages/:messageId/versions',
    {
      schema: {
        ...about('listVersions', 'messages', 'Every text that a message ever had'),
        params: MessageParams,
        querystring: readQuery({}),
        response: { 200: Versions, ...readProblems('chat-not-found', 'message-not-found') },
      },
    },
    async ({ principal, params: { chatId, messageId } }) =>
      accept(await queries.versions(principal.userId, chatId, messageId)),
  );
  app.get(
    '/chats/:chatId/messages/:messageId/reactions',
    {
      schema: {
        ...about('listReactions', 'messages', 'Who reacted to a message, now or as it stood'),
        params: MessageParams,
        querystring: readQuery({
          emoji: Emoji.optional(),
          asOf: AsOfQuery,
          cursor: Cursor.optional(),
          limit: inQuery(limitUpTo(LIST_MAX_LIMIT, LIST_MAX_LIMIT)),
        }),
        response: {
          200: ReactionPage,
          ...readProblems('chat-not-found', 'message-not-found', 'as-of-unknown', 'not-visible'),
        },
      },
    },
    async ({ principal, params: { chatId, messageId }, query: { emoji, asOf, cursor, limit } }) => {
      const point = asOf === undefined ? undefined : readPoint(asOf);
      const page = { limit: lowered(limit, LIST_MAX_LIMIT), ...given({ emoji, asOf: point, cursor }) };
      return accept(await queries.reactions(principal.userId, chatId, messageId, page));
    },
  );
};

export const messageCommands: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { commands }, limits }) => {
  app.addHook('preValidation', perCommand(limits));
  const refusals = commandProblems(
    'forbidden',
    'chat-not-found',
    'message-not-found',
    'command-id-reused',
    'message-deleted',
    'id-from-the-future',
  );
  app.post(
    '/chats/:chatId/messages',
    {
      schema: {
        ...about(
          'sendMessage',
          'messages',
          'Send a message',
          'The same `messageId` again is answered as at first, with 200.',
        ),
        params: ChatParams,
        headers: CommandHeaders,
        body: SendInput.meta({ example: { messageId: '01K0A6X3V5N8Q2R7T9W1Y4Z6B0', text: 'Good evening' } }),
        response: {
          200: Reply,
          201: Reply,
          ...commandProblems(
            'chat-not-found',
            'message-not-found',
            'message-id-reused',
            'id-from-the-future',
            'not-connected',
          ),
        },
      },
    },
    async (request, reply) => {
      const { messageId = commandIdOf(request), text, replyTo, mentions, fileIds } = request.body;
      const frame = { actor: request.principal.userId, chatId: request.params.chatId, commandId: messageId };
      const sent = accept(
        await commands.chat({ type: 'send', ...frame, text, ...given({ replyTo, mentions, fileIds }) }),
      );
      return reply.code(sent.repeated ? 200 : 201).send(sent);
    },
  );
  app.patch(
    '/chats/:chatId/messages/:messageId',
    {
      schema: {
        ...about('editMessage', 'messages', 'Edit my message'),
        params: MessageParams,
        headers: CommandHeaders,
        body: EditInput,
        response: { 200: Reply, ...refusals },
      },
    },
    async (request) => {
      const { chatId, messageId } = request.params;
      const { text, mentions } = request.body;
      const frame = { actor: request.principal.userId, chatId, commandId: commandIdOf(request) };
      return accept(await commands.chat({ type: 'edit', ...frame, messageId, text, ...given({ mentions }) }));
    },
  );
  app.delete(
    '/chats/:chatId/messages/:messageId',
    {
      schema: {
        ...about('deleteMessage', 'messages', 'Delete my message, or as an admin anybody’s'),
        params: MessageParams,
        headers: CommandHeaders,
        response: { 200: Reply, ...refusals },
      },
    },
    async (request) => {
      const { chatId, messageId } = request.params;
      const frame = { actor: request.principal.userId, chatId, commandId: commandIdOf(request) };
      return accept(await commands.chat({ type: 'delete', ...frame, messageId }));
    },
  );
  for (const [method, type, id, summary] of [
    ['PUT', 'react', 'addReaction', 'React to a message'],
    ['DELETE', 'unreact', 'removeReaction', 'Take my reaction back'],
  ] as const) {
    app.route({
      method,
      url: '/chats/:chatId/messages/:messageId/reactions/:emoji',
      schema: {
        ...about(id, 'messages', summary),
        params: ReactionParams,
        headers: CommandHeaders,
        response: { 200: Reply, ...refusals },
      },
      handler: async (request) => {
        const { chatId, messageId, emoji } = request.params;
        const frame = { actor: request.principal.userId, chatId, commandId: commandIdOf(request) };
        return accept(await commands.chat({ type, ...frame, messageId, emoji }));
      },
    });
  }
};
