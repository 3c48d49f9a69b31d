import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from './options.ts';

/** No script and no style but our own files; nobody may put the console in a frame. */
const policy = (connect: string, style = "'self'") =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${style}`,
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${connect}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** swagger-ui sets styles on its elements; it runs no script but its own files, and none of ours trusts it. */
export const DOCS_POLICY = policy('', "'self' 'unsafe-inline'");

const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'strict-transport-security': 'max-age=31536000; includeSubDomains', // browsers heed it over TLS only
};

/** What a browser is told with every answer. Nothing of what is said under `/v1` may be kept by a cache. */
export function setSecurityHeaders(app: FastifyInstance, { gatewayUrls }: HttpOptions): void {
  app.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) if (!reply.hasHeader(name)) reply.header(name, value);
    if (!reply.hasHeader('content-security-policy')) {
      reply.header('content-security-policy', policy(connectSources(gatewayUrls())));
    }
    if (request.url.startsWith('/v1/')) reply.header('cache-control', 'no-store');
  });
}

/** A header has room for so many. Beyond it any address is allowed that has the scheme of one of them. */
export const GATEWAYS_NAMED_MAX = 100;

function connectSources(urls: readonly string[]): string {
  const origins = new Set(urls.flatMap((url) => ORIGIN.exec(url)?.[0] ?? []));
  if (origins.size <= GATEWAYS_NAMED_MAX) return [...origins].join(' ');
  return [...new Set([...origins].map((origin) => origin.slice(0, origin.indexOf('/'))))].join(' ');
}

/** Nothing that would end the directive, or begin another. */
const ORIGIN = /^wss?:\/\/[^/\s,;]+(?=\/|$)/;
