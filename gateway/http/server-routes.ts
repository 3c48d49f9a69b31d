import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { aboutOpen, serverProblems } from './describe.ts';
import type { ServerState } from './options.ts';
import { sendProblem } from './problems.ts';

const State = z.object({
  status: z.enum(['ok', 'failing']),
  checks: z.record(z.string(), z.boolean()),
  why: z.record(z.string(), z.string()).optional(),
});

const DemoAnswer = z.object({
  users: z.array(z.object({ username: z.string(), displayName: z.string(), password: z.string() })),
  chatId: z.string(),
  title: z.string(),
  asOf: z.string(),
  attribution: z.string(),
});

/** How the server is, for whoever runs it: no prefix, no token, nothing about anybody. */
export const serverRoutes: FastifyPluginAsyncZod<ServerState> = async (app, { demo, health, metrics, version }) => {
  const ready = async () => {
    const checks: Record<string, boolean> = { started: health.started(), ...(await health.checks()) };
    const ok = Object.values(checks).every(Boolean);
    const why = health.why?.() ?? {};
    const status = ok ? ('ok' as const) : ('failing' as const);
    return { ok, state: { status, checks, ...(Object.keys(why).length > 0 && { why }) } };
  };
  for (const [path, id, summary] of [
    ['/healthz', 'getHealth', 'How the server is'],
    ['/readyz', 'getReadiness', 'Whether the server takes requests'],
  ] as const) {
    app.get(
      path,
      { schema: { ...aboutOpen(id, 'server', summary), response: { 200: State, 503: State, ...serverProblems() } } },
      async (_request, reply) => {
        const { ok, state } = await ready();
        return reply.code(ok ? 200 : 503).send(state);
      },
    );
  }
  app.get(
    '/startupz',
    {
      schema: {
        ...aboutOpen('getStartup', 'server', 'Whether the server has started'),
        response: { 200: State, 503: State, ...serverProblems() },
      },
    },
    async (_request, reply) => {
      const started = health.started();
      return reply.code(started ? 200 : 503).send({ status: started ? 'ok' : 'failing', checks: { started } });
    },
  );
  app.get(
    '/livez',
    {
      schema: {
        ...aboutOpen('getLiveness', 'server', 'Whether the process answers'),
        response: { 200: z.object({ status: z.literal('ok'), version: z.string() }), ...serverProblems() },
      },
    },
    async () => ({ status: 'ok' as const, version }),
  );
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const text = await metrics.metrics();
    return reply.header('content-type', metrics.contentType).send(text);
  });
  app.get('/demo.json', { schema: { hide: true, response: { 200: DemoAnswer } } }, async (request, reply) => {
    const made = isLoopback(request.ip) && isLoopbackName(request.hostname) ? demo?.() : null;
    if (!made?.chatId) return sendProblem(reply as never, { code: 'not-found', detail: 'there is no demo here' });
    return reply.header('cache-control', 'no-store').send({ ...made, chatId: made.chatId });
  });
};

const isLoopback = (address: string): boolean => /^(127\.|::1$|::ffff:127\.)/.test(address);
/** A page elsewhere can make its own name lead here: the name it asked for tells. */
const isLoopbackName = (name: string): boolean => /^(127\.[\d.]+|localhost|\[?::1\]?)$/.test(name);
