import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { UserRole } from '../../events/user.ts';
import { OPERATOR } from '../auth/access-tokens.ts';
import type { Principal } from '../auth/api.ts';
import { addressKey, type RateLimitName, type RateLimits } from '../rate-limits.ts';
import type { HttpOptions } from './options.ts';
import { accept, Refusal, refuse } from './problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set before any handler of a route that needs it. */
    principal: Principal;
  }
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i;

/** Every route of this scope is for signed-in users: the token is checked before the body is read. */
export function signedIn(app: FastifyInstance, { context: { auth }, limits }: HttpOptions, operator = false): void {
  app.decorateRequest('principal', null as unknown as Principal);
  app.addHook('onRequest', async (request) => {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return refuse('unauthenticated', 'send Authorization: Bearer <access token>');
    request.principal = accept(await auth.verify(token, { operator }));
    await take(limits, 'requestPerUser', request.principal.userId);
  });
}

/** Throws a refusal where the limit is used up. */
export async function take(limits: RateLimits, name: RateLimitName, key: string): Promise<void> {
  const refusal = await limits.take(name, key);
  if (refusal !== null) throw new Refusal(refusal);
}

export const perAddress = (limits: RateLimits, name: RateLimitName) => async (request: FastifyRequest) => {
  await take(limits, name, addressKey(request.ip));
};

export const perUser = (limits: RateLimits, name: RateLimitName) => async (request: FastifyRequest) => {
  await take(limits, name, request.principal.userId);
};

/** For the commands in a chat: the limits of the user, and of the user in this chat. */
export const perCommand = (limits: RateLimits) => async (request: FastifyRequest) => {
  const { userId } = request.principal;
  await take(limits, 'commandPerUser', userId);
  const { chatId } = request.params as { chatId?: string };
  if (chatId !== undefined) await take(limits, 'commandPerChat', `${userId} ${chatId}`);
};

/** A token of the command line stands for the role `ops` and no other; a user's roles are read from the log, never stale. */
export async function rolesOf(request: FastifyRequest, { context }: HttpOptions): Promise<readonly UserRole[]> {
  const { userId } = request.principal;
  if (userId === OPERATOR) return ['ops'];
  const profile = await context.commands.profile(userId);
  return profile?.roles ?? [];
}

export const needsRole = (options: HttpOptions, role: UserRole) => async (request: FastifyRequest) => {
  if (!(await rolesOf(request, options)).includes(role)) refuse('forbidden', `the role ${role} is needed`);
};
