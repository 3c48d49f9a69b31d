import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import type { Outcome } from '../../../events/error-codes.ts';
import { ProjectionJob, ProjectionState } from '../../answers.ts';
import { needsRole } from '../authenticate.ts';
import { about, commandProblems, readProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept, refuse } from '../problems.ts';
import { readQuery } from '../query.ts';

const NAME_MAX_LENGTH = 64;
const Name = z.string().min(1).max(NAME_MAX_LENGTH);
const AREA = 'projections';

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
    '/ops/jobs/:jobId',
    {
      schema: {
        ...about('getJob', 'ops', 'How far a rebuild or a verify has come'),
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
  const { projections, context } = options;
  app.addHook('preValidation', needsRole(options, 'ops'));

  /** What cannot be recorded is not done; what became of it is recorded after. */
  async function recorded<T>(
    actor: string,
    act: { action: string; target: string },
    work: () => Promise<Outcome<T>>,
  ): Promise<T> {
    const record = (outcome: string) =>
      context.commands.recordOps({ actor, area: AREA, type: 'OperatorActed', data: { ...act, outcome } });
    await record('asked');
    const outcome = await work();
    await record(outcome.ok ? 'accepted' : outcome.rejection.code);
    return accept(outcome);
  }

  for (const action of ['rebuild', 'verify'] as const) {
    app.post(
      `/ops/projections/:name/${action}`,
      {
        schema: {
          ...about(
            `${action}Projection`,
            'ops',
            action === 'rebuild' ? 'Rebuild a view from the log' : 'Compare a view with the log',
          ),
          params: z.object({ name: Name }),
          response: { 202: ProjectionJob, ...commandProblems('forbidden', 'not-found', 'version-conflict') },
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        const job = await recorded(request.principal.userId, { action, target: name }, () => projections[action](name));
        return reply.code(202).send(job);
      },
    );
  }
  for (const action of ['pause', 'resume'] as const) {
    app.post(
      `/ops/projections/:name/${action}`,
      {
        schema: {
          ...about(`${action}Projection`, 'ops', action === 'pause' ? 'Pause a view' : 'Let a view go on'),
          params: z.object({ name: Name }),
          response: { 200: ProjectionState, ...commandProblems('forbidden', 'not-found', 'version-conflict') },
        },
      },
      async (request) => {
        const { name } = request.params;
        return recorded(request.principal.userId, { action, target: name }, () => projections[action](name));
      },
    );
  }
};
