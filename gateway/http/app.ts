import { type FastifyInstance, fastify } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { perAddress, signedIn } from './authenticate.ts';
import { BODY_MAX_BYTES, readJsonBodies } from './body.ts';
import { answerClientError } from './client-errors.ts';
import { serializerCompiler, validatorCompiler } from './compilers.ts';
import { serveConsole } from './console.ts';
import { allowOrigins } from './cors.ts';
import { serveDocuments } from './documents.ts';
import { measureRequests } from './metrics.ts';
import { waitForMinPosition } from './min-position.ts';
import { opsLog } from './ops/log.ts';
import { parkedChats } from './ops/parked/routes.ts';
import { projectionActions, projectionMoves, projectionStates } from './ops/routes.ts';
import type { HttpOptions } from './options.ts';
import { errorHandler, notFound, rejectionOf, sendProblem } from './problems.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { serverRoutes } from './server-routes.ts';
import { chatCommands, chats } from './v1/chats.ts';
import { eventStream } from './v1/events.ts';
import { me } from './v1/me.ts';
import { memberCommands, members } from './v1/members.ts';
import { messageCommands } from './v1/message-commands.ts';
import { messages } from './v1/messages.ts';
import { past } from './v1/past.ts';
import { reactionCommands, reactions } from './v1/reactions.ts';
import { receipts } from './v1/receipts.ts';
import { signingIn, signingOut } from './v1/sessions.ts';
import { registration, users } from './v1/users.ts';

const PREFIX = '/v1';
/** An emoji of many code points, percent-encoded, and then some. */
const PARAM_MAX_LENGTH = 256;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 72_000;

const OPEN: FastifyPluginAsyncZod<HttpOptions>[] = [registration, signingIn];
const SIGNED_IN: FastifyPluginAsyncZod<HttpOptions>[] = [
  signingOut,
  me,
  users,
  chats,
  chatCommands,
  members,
  memberCommands,
  messages,
  messageCommands,
  reactions,
  reactionCommands,
  past,
  receipts,
];
/** Also open to the command line's own token. */
const STAFF: FastifyPluginAsyncZod<HttpOptions>[] = [
  eventStream,
  projectionStates,
  projectionActions,
  projectionMoves,
  opsLog,
  parkedChats,
];

/** The HTTP edge, built but not listening: `inject()` it in tests, `serveHttp` it otherwise. */
export async function createHttpApp(options: HttpOptions): Promise<FastifyInstance> {
  const { logger } = options.context;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PARAM_MAX_LENGTH },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply as never, rejectionOf(error)),
  });
  options.instrument?.(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler(logger));
  app.setNotFoundHandler(notFound);
  readJsonBodies(app);
  setSecurityHeaders(app, options);
  measureRequests(app, options);
  allowOrigins(app, options);
  app.addHook('onRequest', perAddress(options.limits, 'requestPerAddress'));
  await serveDocuments(app, options);
  if (options.probes !== false) await app.register(serverRoutes, options);
  await app.register(async (v1) => registerApi(v1, options), { prefix: PREFIX });
  await serveConsole(app, options);
  await app.ready();
  return app;
}

async function registerApi(v1: FastifyInstance, options: HttpOptions): Promise<void> {
  for (const plugin of OPEN) await v1.register(plugin, options);
  await v1.register(async (scope) => {
    signedIn(scope, options);
    waitForMinPosition(scope, options);
    for (const plugin of SIGNED_IN) await scope.register(plugin, options);
  });
  await v1.register(async (scope) => {
    signedIn(scope, options, true);
    waitForMinPosition(scope, options);
    for (const plugin of STAFF) await scope.register(plugin, options);
  });
}
