import { type Context, context, propagation, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { contextOf, fail, inSpan } from './spans.ts';

const API = '/v1/';
const SERVER_ERROR = 500;
/** It says that a socket lives, several times a minute, and does nothing. */
const QUIET_OP = 'ping';

/** Probes, pages and metrics are asked for all the time and lead to nothing: only the API is traced. */
export function traceRequests(tracer: Tracer, app: FastifyInstance): void {
  const contexts = new WeakMap<FastifyRequest, Context>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (!request.url.startsWith(API)) return done();
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const route = request.routeOptions.url ?? 'unmatched';
    const attributes = { 'http.request.method': request.method, 'http.route': route };
    const span = tracer.startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
    const within = trace.setSpan(parent, span);
    contexts.set(request, within);
    context.with(within, done);
  });
  // A body is read in the context of the connection that it comes over: what follows must be brought back.
  app.addHook('preValidation', (request, _reply, done) => {
    context.with(contexts.get(request) ?? context.active(), done);
  });
  const end = (request: FastifyRequest, status: number | null): void => {
    const within = contexts.get(request);
    const span = within && trace.getSpan(within);
    if (!span?.isRecording()) return;
    if (status === null) fail(span, 'aborted');
    else span.setAttribute('http.response.status_code', status);
    if (status !== null && status >= SERVER_ERROR) fail(span, String(status));
    span.end();
  };
  app.addHook('onResponse', async (request, reply) => end(request, reply.statusCode));
  app.addHook('onRequestAbort', async (request) => end(request, null));
}

/** Each op begins a trace, or goes on with the one that its frame names. */
export const traceOp =
  (tracer: Tracer) =>
  <T>(op: { name: string; traceparent: string | undefined }, run: () => T): T =>
    op.name === QUIET_OP
      ? run()
      : inSpan(tracer, { name: `op ${op.name}`, kind: SpanKind.SERVER, parent: contextOf(op.traceparent) }, run);
