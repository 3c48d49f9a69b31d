import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { ReactionPage, Reply } from '../../answers.ts';
import { Cursor, Emoji, given, LIST_MAX_LIMIT, limitUpTo, lowered, readPoint } from '../../requests.ts';
import { perCommand } from '../authenticate.ts';
import { about, readProblems } from '../describe.ts';
import { CommandHeaders, chatFrame } from '../idempotency.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';
import { AsOfQuery } from './chats.ts';
import { changeRefusals } from './message-commands.ts';
import { MessageParams } from './messages.ts';

const ReactionParams = MessageParams.extend({ emoji: Emoji.meta({ description: 'Percent-encoded.' }) });

export const reactions: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { queries }, qualifyEmoji }) => {
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
    async ({ principal, params: { chatId, messageId }, query: { emoji: asked, asOf, cursor, limit } }) => {
      const emoji = asked === undefined ? undefined : (qualifyEmoji(asked) ?? asked); // what is no emoji finds nothing
      const point = asOf === undefined ? undefined : readPoint(asOf);
      const page = { limit: lowered(limit, LIST_MAX_LIMIT), ...given({ emoji, asOf: point, cursor }) };
      return accept(await queries.reactions(principal.userId, chatId, messageId, page));
    },
  );
};

export const reactionCommands: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { commands }, limits }) => {
  app.addHook('preValidation', perCommand(limits));
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
        response: { 200: Reply, ...changeRefusals },
      },
      handler: async (request) => {
        const { chatId, messageId, emoji } = request.params;
        const frame = { ...chatFrame(request), chatId };
        return accept(await commands.chat({ type, ...frame, messageId, emoji }));
      },
    });
  }
};
