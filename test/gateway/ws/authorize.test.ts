import { expect, test } from 'vitest';
import { accepted } from '../../../events/error-codes.ts';
import { StoreError } from '../../../events/event-store.ts';
import type { Auth } from '../../../gateway/auth/api.ts';
import type { RateLimits } from '../../../gateway/rate-limits.ts';
import type { Slots } from '../../../gateway/slots/ports.ts';
import { authorize, type Doorkeeper } from '../../../gateway/ws/authorize.ts';
import { createCounters } from '../../../gateway/ws/counters.ts';
import { HEAD_WAIT_MS, SOCKETS_PER_ADDRESS_MAX, UPGRADE_DEADLINE_MS } from '../../../gateway/ws/limits.ts';
import type { UpgradeRequest } from '../../../gateway/ws/port.ts';
import { createRegistry } from '../../../gateway/ws/registry.ts';
import { ANN } from '../../support/commands.ts';

const REQUEST: UpgradeRequest = {
  path: '/v1/ws',
  header: (name) => (name === 'authorization' ? 'Bearer token' : null),
  subprotocols: [],
  address: '192.0.2.1',
};
const PRINCIPAL = { userId: ANN, sessionId: 's1', expiresAt: Number.POSITIVE_INFINITY };
const HERE: Partial<Slots> = { serves: () => true };
const OFF: RateLimits = { take: () => null };
const NEVER = new Promise<never>(() => undefined);

interface Scene extends Partial<Pick<Doorkeeper, 'head' | 'limits' | 'registry' | 'closing'>> {
  verify?: Auth['verify'];
}

function doorkeeper({ verify = async () => accepted(PRINCIPAL), ...scene }: Scene): Doorkeeper & { logged: string[] } {
  const logged: string[] = [];
  const log = (level: string) => (_fields: object, message: string) => void logged.push(`${level}: ${message}`);
  return {
    auth: { verify } as Auth,
    settings: { origins: [], rateLimits: true },
    limits: OFF,
    registry: createRegistry(),
    slots: HERE as Slots,
    head: async () => 7,
    counters: createCounters(() => 0),
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
    closing: () => false,
    logged,
    ...scene,
  };
}

test('a socket opens with where the log ends', async () => {
  expect(await authorize(doorkeeper({}), REQUEST)).toMatchObject({ accept: { head: 7 } });
});

test.each([
  ['does not answer', () => NEVER],
  ['is away', () => Promise.reject(new StoreError('unavailable', 'the event store cannot be reached'))],
])('a socket opens, and soon, while the event store %s', async (_what, head) => {
  const door = doorkeeper({ head });
  const began = performance.now();
  expect(await authorize(door, REQUEST)).toMatchObject({ accept: { head: null } });
  expect(performance.now() - began).toBeLessThan(HEAD_WAIT_MS + UPGRADE_DEADLINE_MS / 2);
  expect(door.logged).toEqual(['warn: a socket opens without knowing where the log ends']);
});

test.each(['unavailable', 'unknown', 'busy'] as const)(
  'accounts that are away (%s) are 503, for a while',
  async (code) => {
    const door = doorkeeper({ verify: () => Promise.reject(new StoreError(code, 'Postgres: no answer')) });
    expect(await authorize(door, REQUEST)).toEqual({ refuse: 503, retryAfterS: 1 });
    expect(door.logged).toEqual(['warn: a socket could not be authorized']);
    expect(door.counters.refusals).toEqual({ 503: 1 });
  },
);

test('what nobody foresaw is 500', async () => {
  const door = doorkeeper({ verify: () => Promise.reject(new TypeError('undefined is not a function')) });
  expect(await authorize(door, REQUEST)).toEqual({ refuse: 500 });
  expect(door.logged).toEqual(['error: a socket could not be authorized']);
});

test('whoever comes too often, or too late, is told when to come again', async () => {
  const take: RateLimits['take'] = async () => ({ code: 'rate-limited', detail: 'too many', retryAfterS: 12 });
  expect(await authorize(doorkeeper({ limits: { take } }), REQUEST)).toEqual({ refuse: 429, retryAfterS: 12 });
  const registry = { ...createRegistry(), ofAddress: () => SOCKETS_PER_ADDRESS_MAX };
  expect(await authorize(doorkeeper({ registry }), REQUEST)).toEqual({ refuse: 429, retryAfterS: 1 });
  expect(await authorize(doorkeeper({ closing: () => true }), REQUEST)).toEqual({ refuse: 503, retryAfterS: 1 });
});
