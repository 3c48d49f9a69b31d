import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from './options.ts';

/** The built web console at `/`, where there is one. Files with a hash in their name may be kept by browsers for ever. */
export async function serveConsole(app: FastifyInstance, { webRoot }: HttpOptions): Promise<void> {
  if (webRoot === undefined || !existsSync(join(webRoot, 'index.html'))) return;
  await app.register(fastifyStatic, {
    root: webRoot,
    prefix: '/',
    index: 'index.html',
    decorateReply: false,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', /-[\w-]{8}\.\w+$/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
