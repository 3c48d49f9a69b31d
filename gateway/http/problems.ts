import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode, Outcome, Rejection } from '../../events/error-codes.ts';
import type { GatewayLogger } from '../context.ts';
import { toProblem } from '../errors.ts';
import { fromFailure, retryAfterS } from '../failures.ts';

/** A refusal on its way through Fastify's error path, the one place where answers become problems. */
export class Refusal extends Error {
  readonly rejection: Rejection;
  constructor(rejection: Rejection) {
    super(rejection.detail);
    this.name = 'Refusal';
    this.rejection = rejection;
  }
}

/** What was accepted; a refusal ends the request with its problem. */
export function accept<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Refusal(outcome.rejection);
  return outcome.value;
}

export const refuse = (code: ErrorCode, detail: string): never => {
  throw new Refusal({ code, detail });
};

/** Fastify's own refusals, by its code; whatever else it refuses with a 4xx is a bad request. */
const FROM_FASTIFY: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_NOT_FOUND: 'not-found',
};
const INVALID_RESPONSE = 'FST_ERR_RESPONSE_SERIALIZATION';

export function rejectionOf(error: FastifyError | Error): Rejection {
  if (error instanceof Refusal) return error.rejection;
  const { code, statusCode } = error as Partial<FastifyError>;
  if (code === INVALID_RESPONSE) return fromFailure(null);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { code: FROM_FASTIFY[code ?? ''] ?? 'bad-request', detail: error.message };
  }
  return fromFailure(error);
}

export function sendProblem(reply: FastifyReply, rejection: Rejection): FastifyReply {
  const problem = toProblem(rejection);
  const wait = retryAfterS(rejection);
  if (wait !== undefined) reply.header('retry-after', String(wait));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((payload: string) => payload)
    .send(JSON.stringify(problem));
}

/** Logs what is our fault, and answers every error with a problem that says nothing of it. */
export const errorHandler =
  (logger: GatewayLogger) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const rejection = rejectionOf(error);
    const fields = { err: error, method: request.method, route: request.routeOptions.url, code: rejection.code };
    if (rejection.code === 'internal') logger.error(fields, 'a request failed');
    else if (!(error instanceof Refusal) && rejection.retryAfterS !== undefined) {
      logger.warn(fields, 'a request could not be served');
    }
    return sendProblem(reply, rejection);
  };

export const notFound = (_request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendProblem(reply, { code: 'not-found', detail: 'no such path, or not with this method' });
