import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { ProjectionJob, ProjectionState } from '../../answers.ts';
import { ChatId, given } from '../../requests.ts';
import { needsRole } from '../authenticate.ts';
import { about, commandProblems, readProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept, refuse } from '../problems.ts';
import { readQuery } from '../query.ts';
import { type ProjectionAdmin, REASON_MAX_LENGTH } from './port.ts';
import { recordedAdmin } from './recorded.ts';

const NAME_MAX_LENGTH = 64;
const EVENTS_PER_SECOND_MAX = 10_000_000;
const Name = z.string().min(1).max(NAME_MAX_LENGTH);
const Reason = z.string().min(1).max(REASON_MAX_LENGTH).optional().meta({ description: 'Recorded with what is done.' });
const Share = z.number().gt(0).max(1).optional();

/** No body is as good as an empty one. */
const ReasonBody = z.strictObject({ reason: Reason }).nullish();
const VerifyBody = z
  .strictObject({
    reason: Reason,
    sample: Share.meta({ description: 'The share of chats that is compared; left out: every row.' }),
  })
  .nullish();
const RebuildBody = z
  .strictObject({
    reason: Reason,
    sample: Share.meta({ description: 'The share of chats that is compared before the switch; left out: every row.' }),
    eventsPerSecond: z.int().min(1).max(EVENTS_PER_SECOND_MAX).optional(),
    share: Share.meta({ description: 'At most so much of the time.' }),
  })
  .nullish();

/** For operators: how the views are. */
export const projectionStates: FastifyPluginAsyncZod<HttpOptions> = async (app, options) => {
  const { projections } = options;
  app.addHook('preValidation', needsRole(options, 'ops'));

  app.get(
    '/ops/projections',
    {
      schema: {
        ...about('listProjections', 'ops', 'The views: state, position, lag, progress'),
        querystring: readQuery({}),
        response: { 200: z.object({ projections: z.array(ProjectionState) }), ...readProblems('forbidden') },
      },
    },
    async () => ({ projections: await projections.list() }),
  );
  app.get(
    '/ops/jobs',
    {
      schema: {
        ...about('listJobs', 'ops', 'Rebuilds, verifies and repairs, the latest first'),
        querystring: readQuery({}),
        response: { 200: z.object({ jobs: z.array(ProjectionJob) }), ...readProblems('forbidden') },
      },
    },
    async () => ({ jobs: await projections.jobs() }),
  );
  app.get(
    '/ops/jobs/:jobId',
    {
      schema: {
        ...about('getJob', 'ops', 'How far a rebuild, a verify or a repair has come'),
        params: z.object({ jobId: Name }),
        querystring: readQuery({}),
        response: { 200: ProjectionJob, ...readProblems('forbidden', 'not-found') },
      },
    },
    async ({ params: { jobId } }) => (await projections.job(jobId)) ?? refuse('not-found', 'no such job'),
  );
};

/** For operators: what is done to the views. Whatever is asked for is recorded, refused or not. */
export const projectionActions: FastifyPluginAsyncZod<HttpOptions> = async (app, options) => {
  app.addHook('preValidation', needsRole(options, 'ops'));
  const problems = commandProblems('forbidden', 'not-found', 'version-conflict');
  const as = actingAs(options);

  app.post(
    '/ops/projections/:name/rebuild',
    {
      schema: {
        ...about(
          'rebuildProjection',
          'ops',
          'Build a view from the log beside the live one, verify it, and let it take the live one’s place',
        ),
        params: z.object({ name: Name }),
        body: RebuildBody,
        response: { 202: ProjectionJob, ...problems },
      },
    },
    async (request, reply) => {
      const { reason, ...how } = request.body ?? {};
      return reply.code(202).send(accept(await as(request, reason).rebuild(request.params.name, given(how))));
    },
  );
  app.post(
    '/ops/projections/:name/verify',
    {
      schema: {
        ...about('verifyProjection', 'ops', 'Compare a view with the log'),
        params: z.object({ name: Name }),
        body: VerifyBody,
        response: { 202: ProjectionJob, ...problems },
      },
    },
    async (request, reply) => {
      const { reason, ...how } = request.body ?? {};
      return reply.code(202).send(accept(await as(request, reason).verify(request.params.name, given(how))));
    },
  );
  app.post(
    '/ops/projections/:name/cancel',
    {
      schema: {
        ...about('cancelProjectionJob', 'ops', 'End the rebuild or the verify of a view that runs'),
        params: z.object({ name: Name }),
        body: ReasonBody,
        response: { 200: ProjectionJob, ...problems },
      },
    },
    async (request) => accept(await as(request, request.body?.reason).cancel(request.params.name)),
  );
  app.post(
    '/ops/chats/:chatId/repair',
    {
      schema: {
        ...about('repairChat', 'ops', 'Build all that the views hold of a chat anew, in place'),
        params: z.object({ chatId: ChatId }),
        body: ReasonBody,
        response: { 202: ProjectionJob, ...problems },
      },
    },
    async (request, reply) => {
      const admin = as(request, request.body?.reason);
      return reply.code(202).send(accept(await admin.repair(request.params.chatId)));
    },
  );
};

const SIMPLE = {
  pause: 'Pause the rebuild of a view while one runs, else the view',
  resume: 'Let a view or its rebuild go on',
  rollback: 'Go back to the previous generation of a view',
  drop: 'Throw the previous generation of a view away',
} as const;

/** Those that take nothing but a reason and answer how the view then is. */
export const projectionMoves: FastifyPluginAsyncZod<HttpOptions> = async (app, options) => {
  app.addHook('preValidation', needsRole(options, 'ops'));
  const as = actingAs(options);
  for (const action of ['pause', 'resume', 'rollback', 'drop'] as const) {
    app.post(
      `/ops/projections/:name/${action}`,
      {
        schema: {
          ...about(`${action}Projection`, 'ops', SIMPLE[action]),
          params: z.object({ name: Name }),
          body: ReasonBody,
          response: { 200: ProjectionState, ...commandProblems('forbidden', 'not-found', 'version-conflict') },
        },
      },
      async (request) => accept(await as(request, request.body?.reason)[action](request.params.name)),
    );
  }
};

const actingAs =
  ({ projections, context: { commands } }: HttpOptions) =>
  ({ principal: { userId } }: FastifyRequest, reason: string | undefined): ProjectionAdmin =>
    recordedAdmin(projections, commands.recordOps, { actor: userId, ...given({ reason }) });
