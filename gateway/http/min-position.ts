import type { FastifyInstance } from 'fastify';
import { reachMinPosition } from '../min-position.ts';
import type { HttpOptions } from './options.ts';
import { accept } from './problems.ts';

/** Every read waits for the `minPosition` that it is given. */
export function waitForMinPosition(app: FastifyInstance, { context }: HttpOptions): void {
  app.addHook('preHandler', async (request) => {
    const { minPosition } = (request.query ?? {}) as { minPosition?: string };
    const { chatId } = (request.params ?? {}) as { chatId?: string };
    // The chat's events come from the log, which is never behind.
    const ofViews = request.routeOptions.url?.endsWith('/events') ? undefined : chatId;
    accept(await reachMinPosition(context, minPosition, ofViews));
  });
}
