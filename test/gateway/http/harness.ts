import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { Registry } from 'prom-client';
import { vi } from 'vitest';
import type { Commands } from '../../../commands/index.ts';
import { accepted } from '../../../events/error-codes.ts';
import type { EventStore } from '../../../events/event-store.ts';
import type { UserRole } from '../../../events/user.ts';
import type { Auth } from '../../../gateway/auth/api.ts';
import { createAuth } from '../../../gateway/auth/create-auth.ts';
import type { Passwords } from '../../../gateway/auth/passwords.ts';
import type { GatewayContext } from '../../../gateway/context.ts';
import { createHttpApp } from '../../../gateway/http/app.ts';
import type { ParkedAdmin } from '../../../gateway/http/ops/parked/port.ts';
import type { ProjectionAdmin } from '../../../gateway/http/ops/port.ts';
import type { HttpOptions } from '../../../gateway/http/options.ts';
import { newId } from '../../../gateway/new-id.ts';
import { createRateLimits } from '../../../gateway/rate-limits.ts';
import { openSigningKey } from '../../../infra/disk/signing-key.ts';
import { openAccounts } from '../../../infra/sqlite/accounts/accounts.ts';
import { emoji } from '../../../infra/system/emoji.ts';
import type { Queries } from '../../../queries/index.ts';
import { createWorld } from '../../support/commands.ts';
import { createMemoryEventStore } from '../../support/memory/event-store.ts';

export const GATEWAY_URL = 'ws://127.0.0.1:4001/v1/ws';
export const PASSWORD = 'ten small owls';

/** Passwords that cost nothing, for tests that are about something else. */
export const cheapPasswords: Passwords = {
  hash: async (password) => `cheap:${password}`,
  matches: async (stored, password) => stored === `cheap:${password}`,
};

/** Queries of which each answers what a test says, and refuses what it did not expect. */
export type QueryStubs = { [K in keyof Queries]: ReturnType<typeof vi.fn<Queries[K]>> };
function stubQueries(): QueryStubs {
  const unexpected = (name: string) => () => {
    throw new Error(`unexpected query ${name}`);
  };
  const names = [
    'chats',
    'chat',
    'members',
    'messages',
    'versions',
    'reactions',
    'diff',
    'events',
    'resolve',
    'receipts',
    'users',
    'user',
    'subscriptions',
  ] as const;
  const stubs = Object.fromEntries(names.map((name) => [name, vi.fn(unexpected(name))]));
  return { ...stubs, caughtUp: vi.fn(async () => true), position: vi.fn(() => 0) } as unknown as QueryStubs;
}

export interface Person {
  userId: string;
  username: string;
  accessToken: string;
  refreshToken: string;
}

export interface Harness {
  app: FastifyInstance;
  auth: Auth;
  commands: Commands;
  store: EventStore;
  queries: QueryStubs;
  projections: { [K in keyof ProjectionAdmin]: ReturnType<typeof vi.fn<ProjectionAdmin[K]>> };
  parked: { [K in keyof ParkedAdmin]: ReturnType<typeof vi.fn<ParkedAdmin[K]>> };
  logged: { level: string; fields: object; message: string }[];
  time: { offset: number };
  context: GatewayContext;
  /** Sends JSON, with the token of the person. */
  call(
    method: InjectOptions['method'],
    url: string,
    more?: { as?: Person; body?: unknown; headers?: Record<string, string> },
  ): Promise<LightMyRequestResponse>;
  person(username: string, ...roles: UserRole[]): Promise<Person>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  rateLimits?: boolean;
  passwords?: Passwords;
  commands?: (real: Commands) => Commands;
  http?: Partial<HttpOptions>;
  origins?: string[];
}

/** The HTTP edge over the real write side in memory, real accounts on disk, and stubbed views. */
export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-http-'));
  const time = { offset: 0 };
  const clock = () => Date.now() + time.offset;
  const store = createMemoryEventStore({ clock });
  const real = createWorld({ store, clock }).commands;
  const commands = options.commands?.(real) ?? real;
  const logged: Harness['logged'] = [];
  const log = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const logger = { info: log('info'), warn: log('warn'), error: log('error') };
  const accounts = await openAccounts(join(folder, 'accounts.db'));
  const auth = await createAuth({
    accounts,
    commands,
    key: openSigningKey(folder),
    accessTokenS: 900,
    gatewayUrl: () => GATEWAY_URL,
    logger,
    clock,
    passwords: options.passwords ?? cheapPasswords,
  });
  const queries = stubQueries();
  const settings = {
    host: '127.0.0.1',
    httpPort: 0,
    gatewayPort: 0,
    origins: options.origins ?? [],
    rateLimits: options.rateLimits ?? false,
  };
  const context: GatewayContext = { commands, queries, auth, log: store, settings, logger, clock };
  const projections = {
    list: vi.fn(async () => []),
    rebuild: vi.fn(),
    verify: vi.fn(),
    pause: vi.fn(),
    resume: vi.fn(),
    cancel: vi.fn(),
    rollback: vi.fn(),
    drop: vi.fn(),
    repair: vi.fn(),
    jobs: vi.fn(async () => []),
    job: vi.fn(async () => null),
  } as unknown as Harness['projections'];
  const parked = {
    list: vi.fn(async () => []),
    retry: vi.fn(),
    skip: vi.fn(),
  } as unknown as Harness['parked'];
  const app = await createHttpApp({
    context,
    limits: createRateLimits(settings.rateLimits),
    projections,
    parked,
    health: { started: () => true, checks: () => ({ log: true }) },
    metrics: new Registry(),
    qualifyEmoji: emoji.qualify,
    version: '0.1.0',
    gatewayUrls: () => [GATEWAY_URL],
    ...options.http,
  });
  const call: Harness['call'] = (method, url, { as, body, headers = {} } = {}) =>
    app.inject({
      method: method as 'GET',
      url,
      headers: { ...(as && { authorization: `Bearer ${as.accessToken}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    });
  async function person(username: string, ...roles: UserRole[]): Promise<Person> {
    const body = { username, password: PASSWORD, displayName: username.toUpperCase() };
    const { userId } = (await call('POST', '/v1/users', { body })).json();
    const session = (await call('POST', '/v1/sessions', { body: { username, password: PASSWORD } })).json();
    if (roles.length > 0) await commands.setRoles({ actor: userId, userId, roles, commandId: newId() });
    return { userId, username, accessToken: session.accessToken, refreshToken: session.refreshToken };
  }
  async function close(): Promise<void> {
    await app.close();
    await auth.close();
    await accounts.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { app, auth, commands, store, queries, projections, parked, logged, time, context, call, person, close };
}

export const ok = accepted;
