import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { type EventFilter, eventLines, readEventStream } from '../../../queries/event-stream/index.ts';
import { ChatId, given, Instant, Position, readPosition, UserId } from '../../requests.ts';
import { needsRole, perUser, rolesOf } from '../authenticate.ts';
import { about, readProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept, refuse } from '../problems.ts';
import { readQuery } from '../query.ts';
import { type StreamGuard, supervised } from './event-stream.ts';

const TYPES_MAX_LENGTH = 500;
const TEXT_MAX_LENGTH = 200;
const NDJSON = 'application/x-ndjson';
const Query = readQuery({
  after: Position.optional().meta({ description: 'Exclusive.' }),
  until: Position.optional().meta({ description: 'Inclusive.' }),
  before: Position.optional().meta({ description: 'Exclusive: where reading backward goes on.' }),
  from: Instant.optional().meta({ description: 'Of the event’s `at`, inclusive.' }),
  to: Instant.optional().meta({ description: 'Of the event’s `at`, inclusive.' }),
  type: z.string().min(1).max(TYPES_MAX_LENGTH).optional().meta({ description: 'One or several, by comma.' }),
  chatId: ChatId.optional(),
  actor: UserId.optional(),
  text: z.string().min(1).max(TEXT_MAX_LENGTH).optional().meta({
    description: 'Stands in the words, capital or small: a text, a title, the name of a file. Role `analyst:content`.',
  }),
  order: z
    .enum(['forward', 'backward'])
    .optional()
    .meta({ description: 'Default `forward`. `backward` cannot follow.' }),
  follow: z.enum(['true', 'false']).optional(),
  progress: z.enum(['true', 'false']).optional().meta({
    description: 'While nothing passes the filter, a line `{"position"}` each 15 s, instead of an empty one.',
  }),
});
type Query = z.infer<typeof Query>;

/** For analysts: the events of all chats. Every such read is recorded before its first byte. */
export const eventStream: FastifyPluginAsyncZod<HttpOptions> = async (app, options) => {
  const { context, limits } = options;
  const { log, commands } = context;
  const server = { closing: false };
  app.addHook('preClose', async () => void (server.closing = true));
  app.get(
    '/events',
    {
      exposeHeadRoute: false,
      preValidation: [needsRole(options, 'analyst'), perUser(limits, 'scanPerUser')],
      schema: {
        ...about(
          'readEvents',
          'events',
          'The events of all chats, a line each',
          'Role `analyst`: without words; `analyst:content` too: with them. A closed range ends with `{"end": true, position, count, sha256}`, a failure with `{"error"}`.',
        ),
        querystring: Query,
        response: {
          200: { description: 'NDJSON, an event a line.', content: { [NDJSON]: { schema: z.string() } } },
          ...readProblems('forbidden'),
        },
      },
    },
    async (request, reply) => {
      const filter = filterOf(request.query, log.epoch);
      const content = (await rolesOf(request, options)).includes('analyst:content');
      const { order, text } = request.query;
      const follow = request.query.follow === 'true';
      if (follow && order === 'backward') refuse('bad-request', 'a stream that goes on cannot be read backward');
      if (text !== undefined && !content) refuse('forbidden', 'who may not read the words may not search them');
      const asked = given({ ...request.query, minPosition: undefined }) as Record<string, string>;
      const data = { content, filter: asked };
      await commands.recordOps({ actor: request.principal.userId, area: 'events', type: 'EventsRead', data });
      const aborter = new AbortController();
      const pages = readEventStream({ log, filter, content, order, follow, signal: aborter.signal });
      const guard = guardOf(request, { options, content, follow, server });
      const chunks = supervised(eventLines(pages, log.epoch), {
        guard,
        aborter,
        logger: context.logger,
        progress: request.query.progress === 'true',
      });
      reply.raw.once('close', () => {
        aborter.abort();
        guard.release(); // whoever goes before the first chunk leaves a stream that never began, and so never ends
      });
      reply.header('content-type', NDJSON).serializer((payload: unknown) => payload as string);
      return reply.send(Readable.from(chunks, { objectMode: false }) as never);
    },
  );
};

function filterOf(query: Query, epoch: string): EventFilter {
  const { after, until, before, from, to, type, chatId, actor, text } = query;
  const place = (given: string | undefined) => (given === undefined ? undefined : accept(readPosition(given, epoch)));
  return given({
    after: place(after),
    until: place(until),
    before: place(before),
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
    types: type === undefined ? undefined : new Set(type.split(',')),
    chatId,
    actor,
    text,
  });
}

/** Whether a stream that runs may go on: the server and the session stand, the token is good where it goes on for ever, the role is kept. */
function guardOf(
  request: FastifyRequest,
  {
    options,
    content,
    follow,
    server,
  }: { options: HttpOptions; content: boolean; follow: boolean; server: { closing: boolean } },
): StreamGuard {
  const { auth, clock } = options.context;
  const { sessionId, expiresAt } = request.principal;
  let ended = false;
  const unsubscribe = auth.onSessionEnd((id) => {
    if (id === sessionId) ended = true;
  });
  return {
    async refusal() {
      if (server.closing) return { code: 'unavailable', detail: 'the server is shutting down' };
      if (ended) return { code: 'unauthenticated', detail: 'the session has ended' };
      if (follow && clock() >= expiresAt) {
        return { code: 'token-expired', detail: 'refresh the token and go on after the last position' };
      }
      const roles = await rolesOf(request, options);
      const kept = roles.includes('analyst') && (!content || roles.includes('analyst:content'));
      return kept ? null : { code: 'forbidden', detail: 'the role was taken back' };
    },
    release: unsubscribe,
  };
}
