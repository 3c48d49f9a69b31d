import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Diff, EventPage } from '../../answers.ts';
import { EVENTS_LIMIT, EVENTS_MAX_LIMIT, limitUpTo, lowered, Point, readPoint, Seq } from '../../requests.ts';
import { perUser } from '../authenticate.ts';
import { about, readProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';
import { ChatParams } from './chats.ts';

export const past: FastifyPluginAsyncZod<HttpOptions> = async (app, { context: { queries }, limits }) => {
  app.get(
    '/chats/:chatId/diff',
    {
      preHandler: perUser(limits, 'scanPerUser'),
      schema: {
        ...about(
          'diffChat',
          'past',
          'What changed in a chat between two points',
          'Of at most 10,000 events and 16 MiB. What came and went inside is not listed.',
        ),
        params: ChatParams,
        querystring: readQuery({ from: inQuery(Point), to: inQuery(Point) }),
        response: { 200: Diff, ...readProblems('chat-not-found', 'as-of-unknown', 'not-visible', 'range-too-long') },
      },
    },
    async ({ principal, params: { chatId }, query: { from, to } }) =>
      accept(await queries.diff(principal.userId, chatId, readPoint(from), readPoint(to))),
  );
  app.get(
    '/chats/:chatId/events',
    {
      schema: {
        ...about('listChatEvents', 'past', 'A page of a chat’s events, as I may see them'),
        params: ChatParams,
        querystring: readQuery({
          after: inQuery(Seq.default(0)),
          limit: inQuery(limitUpTo(EVENTS_MAX_LIMIT, EVENTS_LIMIT)),
        }),
        response: { 200: EventPage, ...readProblems('chat-not-found', 'as-of-unknown', 'not-visible') },
      },
    },
    async ({ principal, params: { chatId }, query: { after, limit } }) =>
      accept(await queries.events(principal.userId, chatId, { after, limit: lowered(limit, EVENTS_MAX_LIMIT) })),
  );
};
