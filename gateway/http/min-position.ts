import type { FastifyInstance } from 'fastify';
import { readPosition } from '../requests.ts';
import type { HttpOptions } from './options.ts';
import { accept, refuse } from './problems.ts';

export const MIN_POSITION_WAIT_MS = 2_000;

/** A read never answers from before the position that its caller has seen: it waits a little, then says `behind`. */
export function waitForMinPosition(app: FastifyInstance, { context: { queries, log } }: HttpOptions): void {
  app.addHook('preHandler', async (request) => {
    const { minPosition } = (request.query ?? {}) as { minPosition?: string };
    if (minPosition === undefined) return;
    const position = accept(readPosition(minPosition, log.epoch));
    if (!(await queries.caughtUp(position, MIN_POSITION_WAIT_MS))) {
      refuse('behind', 'the views have not come to minPosition yet');
    }
  });
}
