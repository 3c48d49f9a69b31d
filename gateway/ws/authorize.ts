import type { LogPosition } from '../../events/event-store.ts';
import type { Auth } from '../auth/api.ts';
import type { GatewayLogger, GatewaySettings } from '../context.ts';
import { fromFailure, RETRY_AFTER_S, retryAfterS } from '../failures.ts';
import { addressKey, type RateLimits } from '../rate-limits.ts';
import { SLOT_WAIT_MS } from '../slots/limits.ts';
import type { Slots } from '../slots/ports.ts';
import type { Admission } from './connection.ts';
import { count, type GatewayCounters } from './counters.ts';
import { HEAD_WAIT_MS, SOCKETS_PER_ADDRESS_MAX, SOCKETS_PER_USER_MAX, SUBPROTOCOL } from './limits.ts';
import type { UpgradeRequest, UpgradeVerdict } from './port.ts';
import type { Registry } from './registry.ts';

const BEARER_PROTOCOL = 'bearer.';
const BEARER_HEADER = /^Bearer +([^\s]+) *$/i;

export interface Doorkeeper {
  readonly auth: Auth;
  readonly settings: Pick<GatewaySettings, 'origins' | 'rateLimits'>;
  readonly limits: RateLimits;
  readonly registry: Registry;
  readonly slots: Slots | null;
  /** Where the log ends. */
  readonly head: () => Promise<LogPosition>;
  readonly counters: GatewayCounters;
  readonly logger: GatewayLogger;
  readonly closing: () => boolean;
}

/** Who may open a socket (PROTOCOL §6): a page of an allowed origin, or no page; with a valid access token. */
export async function authorize(door: Doorkeeper, request: UpgradeRequest): Promise<UpgradeVerdict<Admission>> {
  const verdict = await judge(door, request).catch((error: unknown) => failed(door, error));
  if ('refuse' in verdict) count(door.counters.refusals, verdict.refuse);
  return verdict;
}

/** Whatever is not this program's own fault passes: the peer comes again. */
function failed({ logger }: Doorkeeper, error: unknown): UpgradeVerdict<Admission> {
  const rejection = fromFailure(error);
  if (rejection.code === 'internal') {
    logger.error({ err: error }, 'a socket could not be authorized');
    return { refuse: 500 };
  }
  logger.warn({ err: error }, 'a socket could not be authorized');
  return { refuse: 503, retryAfterS: retryAfterS(rejection) ?? RETRY_AFTER_S };
}

const TOO_MANY = { refuse: 429, retryAfterS: RETRY_AFTER_S } as const;

async function judge(door: Doorkeeper, request: UpgradeRequest): Promise<UpgradeVerdict<Admission>> {
  const { settings, registry } = door;
  if (door.closing()) return { refuse: 503, retryAfterS: RETRY_AFTER_S };
  const origin = request.header('origin');
  if (origin !== null && !settings.origins.includes(origin)) return { refuse: 403 };
  const address = addressKey(request.address);
  if (settings.rateLimits && registry.ofAddress(address) >= SOCKETS_PER_ADDRESS_MAX) return TOO_MANY;
  const limited = await door.limits.take('connectPerAddress', address);
  if (limited) return { refuse: 429, retryAfterS: retryAfterS(limited) ?? RETRY_AFTER_S };
  const token = tokenOf(request);
  if (token === null) return { refuse: 401 };
  const verified = await door.auth.verify(token);
  if (!verified.ok) return { refuse: 401 };
  const principal = verified.value;
  // A slot that nobody serves is about to be taken. If not, the socket opens all the same, and its `sync` waits again.
  if (door.slots?.serves(principal.userId) === false) await door.slots.served(principal.userId, SLOT_WAIT_MS);
  if (settings.rateLimits && registry.ofUser(principal.userId) >= SOCKETS_PER_USER_MAX) return TOO_MANY;
  const subprotocol = request.subprotocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : null;
  return { accept: { principal, address, head: await headOf(door), connection: null }, subprotocol };
}

/**
 * Where deliveries lag behind the log, "from now on" is its end, not theirs. Null where they do not, or it cannot be read:
 * sockets open while the event store is away too.
 */
async function headOf({ slots, head, logger }: Doorkeeper): Promise<LogPosition | null> {
  if (!slots) return null;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${HEAD_WAIT_MS} ms`)), HEAD_WAIT_MS);
  });
  try {
    return await Promise.race([head(), late]);
  } catch (error) {
    logger.warn({ err: error }, 'a socket opens without knowing where the log ends');
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** The header first; a browser, which cannot send it, offers the token as a subprotocol beside ours. */
function tokenOf(request: UpgradeRequest): string | null {
  const header = request.header('authorization');
  if (header !== null) return BEARER_HEADER.exec(header)?.[1] ?? null;
  if (!request.subprotocols.includes(SUBPROTOCOL)) return null;
  const offered = request.subprotocols.find((protocol) => protocol.startsWith(BEARER_PROTOCOL));
  return offered === undefined ? null : offered.slice(BEARER_PROTOCOL.length);
}
