import type { FastifyInstance } from 'fastify';
import { Histogram } from 'prom-client';
import type { HttpOptions } from './options.ts';

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** How long requests took, by route and never by path: a label per chat would be a label too many. */
export function measureRequests(app: FastifyInstance, { metrics }: HttpOptions): void {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests in seconds.',
    labelNames: ['method', 'route', 'status_code'],
    buckets: SECONDS,
    registers: [metrics],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unmatched';
    const labels = { method: request.method, route, status_code: String(reply.statusCode) };
    duration.observe(labels, reply.elapsedTime / 1_000);
  });
}
