import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Rejection } from '../events/error-codes.ts';

/**
 * How often one address, user, socket or chat may do a thing: `points` within each `seconds`. Generous for people,
 * tight for guessing. One process counts for itself.
 */
export const RATE_LIMITS = {
  registerPerAddress: { points: 60, seconds: 3_600 },
  signInPerAddress: { points: 60, seconds: 60 },
  /** Of one address at one name: nobody can lock another out from elsewhere. */
  signInPerName: { points: 10, seconds: 60 },
  refreshPerAddress: { points: 120, seconds: 60 },
  passwordPerUser: { points: 10, seconds: 60 },
  requestPerAddress: { points: 6_000, seconds: 60 },
  requestPerUser: { points: 1_800, seconds: 60 },
  commandPerUser: { points: 300, seconds: 10 },
  /** Of one user in one chat (`<userId> <chatId>`): a stranger cannot use up what its members have. */
  commandPerChat: { points: 200, seconds: 10 },
  /** Reads that walk many events: a diff, an analyst's stream. Replays are limited by how many run at once. */
  scanPerUser: { points: 120, seconds: 60 },
  connectPerAddress: { points: 240, seconds: 60 },
  framePerSocket: { points: 1_000, seconds: 10 },
} as const satisfies Record<string, { points: number; seconds: number }>;
export type RateLimitName = keyof typeof RATE_LIMITS;

export interface RateLimits {
  /**
   * Takes from a limit; `rate-limited` where nothing is left. Null at once, without a promise, where limits are off:
   * `const refused = await limits.take(…)` is right in both cases.
   */
  take(name: RateLimitName, key: string): Promise<Rejection | null> | null;
}

const OFF: RateLimits = { take: () => null };

export function createRateLimits(on: boolean): RateLimits {
  if (!on) return OFF;
  const limiters = new Map(
    Object.entries(RATE_LIMITS).map(([name, { points, seconds }]) => [
      name,
      new RateLimiterMemory({ keyPrefix: name, points, duration: seconds }),
    ]),
  );
  return { take: (name, key) => takeFrom(limiters.get(name) as RateLimiterMemory, name, key) };
}

async function takeFrom(limiter: RateLimiterMemory, name: RateLimitName, key: string): Promise<Rejection | null> {
  try {
    await limiter.consume(key);
    return null;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return {
      code: 'rate-limited',
      detail: `too many: ${name}`,
      retryAfterS: Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000)),
    };
  }
}

const IPV6_NETWORK_GROUPS = 4;
/** How an IPv4 address begins where it is written as an IPv6 one. */
const MAPPED = /^(0+:){5}ffff$/i;

/** What an address is counted under: an IPv6 client owns its whole /64, so that is counted as one. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  const [high = '', low = ''] = groups.slice(-2);
  if (MAPPED.test(groups.slice(0, -2).join(':'))) return [...bytesOf(high), ...bytesOf(low)].join('.');
  return `${groups.slice(0, IPV6_NETWORK_GROUPS).join(':')}::/64`;
}

function bytesOf(group: string): [number, number] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
