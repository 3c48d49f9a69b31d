import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { OPS_AREAS } from '../../../events/ops.ts';
import { opsPage } from '../../../queries/ops-log/index.ts';
import { OpsEntry } from '../../answers.ts';
import { Cursor, EVENTS_LIMIT, EVENTS_MAX_LIMIT, given, Instant, limitUpTo, lowered } from '../../requests.ts';
import { needsRole } from '../authenticate.ts';
import { about, readProblems } from '../describe.ts';
import type { HttpOptions } from '../options.ts';
import { accept } from '../problems.ts';
import { inQuery, readQuery } from '../query.ts';

/** For operators: who did or read what. */
export const opsLog: FastifyPluginAsyncZod<HttpOptions> = async (app, options) => {
  const { log } = options.context;
  app.addHook('preValidation', needsRole(options, 'ops'));
  app.get(
    '/ops/log',
    {
      schema: {
        ...about('readOpsLog', 'ops', 'What operators did and analysts read, oldest first'),
        querystring: readQuery({
          area: z.enum(OPS_AREAS).optional(),
          from: Instant.optional().meta({ description: 'Inclusive.' }),
          to: Instant.optional().meta({ description: 'Inclusive.' }),
          cursor: Cursor.optional().meta({ description: 'The `next` of the page before, with the same other fields.' }),
          limit: inQuery(limitUpTo(EVENTS_MAX_LIMIT, EVENTS_LIMIT)),
        }),
        response: {
          200: z.object({ entries: z.array(OpsEntry), next: z.string().nullable() }),
          ...readProblems('forbidden'),
        },
      },
    },
    async ({ query: { area, from, to, cursor, limit } }) =>
      accept(
        await opsPage(log, {
          ...given({ area, cursor, from: timeOf(from), to: timeOf(to) }),
          limit: lowered(limit, EVENTS_MAX_LIMIT),
        }),
      ),
  );
};

const timeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));
