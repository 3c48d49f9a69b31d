import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { given } from '../../../requests.ts';
import { needsRole } from '../../authenticate.ts';
import { about, commandProblems, readProblems } from '../../describe.ts';
import type { HttpOptions } from '../../options.ts';
import { accept } from '../../problems.ts';
import { readQuery } from '../../query.ts';
import { REASON_MAX_LENGTH } from '../port.ts';
import { ParkedChat, ParkedOutcome } from './answers.ts';
import { type ParkedActs, recordedParked } from './recorded.ts';

const NAME_MAX_LENGTH = 64;
const KEY_MAX_LENGTH = 200;
const Place = z.object({
  view: z.string().min(1).max(NAME_MAX_LENGTH).meta({ description: 'As the list names it, or `all`.' }),
  key: z.string().min(1).max(KEY_MAX_LENGTH).meta({ description: 'As the list names it, or `all`.' }),
});
const Reason = z.string().min(1).max(REASON_MAX_LENGTH).meta({ description: 'Recorded with what is done.' });

/** For operators: chats that wait behind an event that a view cannot take. */
export const parkedChats: FastifyPluginAsyncZod<HttpOptions> = async (app, options) => {
  app.addHook('preValidation', needsRole(options, 'ops'));
  const problems = commandProblems('forbidden', 'not-found', 'version-conflict');
  const as = actingAs(options);
  app.get(
    '/ops/parked',
    {
      schema: {
        ...about('listParked', 'ops', 'Chats that wait behind an event that a view cannot take'),
        querystring: readQuery({}),
        response: { 200: z.object({ parked: z.array(ParkedChat) }), ...readProblems('forbidden') },
      },
    },
    async () => ({ parked: await options.parked.list() }),
  );
  app.post(
    '/ops/parked/:view/:key/retry',
    {
      schema: {
        ...about('retryParked', 'ops', 'Try a parked event again, and apply what waits behind it'),
        params: Place,
        body: z.strictObject({ reason: Reason.optional() }).nullish(),
        response: { 200: ParkedOutcome, ...problems },
      },
    },
    async (request) => accept(await as(request, request.body?.reason).retry(request.params)),
  );
  app.post(
    '/ops/parked/:view/:key/skip',
    {
      schema: {
        ...about('skipParked', 'ops', 'Leave the one event out of the view for ever, and apply what waits behind it'),
        params: Place,
        body: z.strictObject({ reason: Reason }),
        response: { 200: ParkedOutcome, ...problems },
      },
    },
    async (request) => accept(await as(request, request.body.reason).skip(request.params)),
  );
};

const actingAs =
  ({ parked, context: { commands } }: HttpOptions) =>
  ({ principal: { userId } }: FastifyRequest, reason: string | undefined): ParkedActs =>
    recordedParked(parked, commands.recordOps, { actor: userId, ...given({ reason }) });
