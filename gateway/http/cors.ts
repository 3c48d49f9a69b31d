import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from './options.ts';

const PREFLIGHT_S = 600;
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS =
  'authorization, content-type, idempotency-key, correlation-id, causation-id, traceparent, tracestate';
const RESPONSE_HEADERS = 'retry-after';

/**
 * Pages of the allowed origins may call the API, no others: an exact match, no wildcard, and no cookies to steal. A
 * request from elsewhere is answered without the headers, and its browser keeps the answer from the page.
 */
export function allowOrigins(app: FastifyInstance, { context: { settings } }: HttpOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined) return;
    reply.header('vary', 'Origin');
    if (!settings.origins.includes(origin)) return;
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', RESPONSE_HEADERS);
    reply.header('cross-origin-resource-policy', 'cross-origin');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return;
    reply.header('access-control-allow-methods', METHODS);
    reply.header('access-control-allow-headers', REQUEST_HEADERS);
    reply.header('access-control-max-age', String(PREFLIGHT_S));
    return reply.code(204).send();
  });
}
