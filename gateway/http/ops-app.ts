import { type FastifyInstance, fastify } from 'fastify';
import type { GatewayLogger } from '../context.ts';
import { serializerCompiler, validatorCompiler } from './compilers.ts';
import type { HttpOptions } from './options.ts';
import { errorHandler, notFound } from './problems.ts';
import { serverRoutes } from './server-routes.ts';

export interface OpsAppOptions extends Pick<HttpOptions, 'health' | 'metrics' | 'version'> {
  logger: GatewayLogger;
}

/** Probes and metrics on a port of their own, which only the operator's network reaches: any role of a cluster has it. */
export async function createOpsApp({ logger, ...options }: OpsAppOptions): Promise<FastifyInstance> {
  const app = fastify({ logger: false });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler(logger));
  app.setNotFoundHandler(notFound);
  await app.register(serverRoutes, options);
  await app.ready();
  return app;
}
