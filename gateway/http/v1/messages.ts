import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { MessagePage, Versions } from '../../answers.ts';
import { given, HISTORY_MAX_LIMIT, HistoryInput, lowered, MessageId, onePageEdge, readPoint } from '../../requests.ts';
import { about, readProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';
import { AsOfQuery, ChatParams } from './chats.ts';

export const MessageParams = ChatParams.extend({ messageId: MessageId });

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
};
