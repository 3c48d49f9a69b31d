import { hash, verify } from '@node-rs/argon2';
import { StoreError } from '../../events/event-store.ts';
import { COMMON_PASSWORDS } from './common-passwords.ts';

export const PASSWORD_MIN_CODE_POINTS = 8;
export const PASSWORD_MAX_CODE_POINTS = 256;

/** OWASP's second recommendation for argon2id, which is the library's default algorithm. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const ARGON2 = { memoryCost: MEMORY_KIB, timeCost: PASSES, parallelism: LANES };
/** Each takes a core and 19 MiB: more at once would only keep messages waiting. */
const HASHES_AT_ONCE = 2;
const HASHES_WAITING = 200;
/** The hash of nobody's password, of the same cost: what an unknown user's password is compared with. */
const DECOY = '$argon2id$v=19$m=19456,t=2,p=1$o2t3mUD+uvLnLh7GrIh3Aw$1fLlV6TVbYGqQzvshwYbxni6x/0yZj/iBudwGgxuTRY';

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long where there is no such user (`null`) as where there is one, and is then always false. */
  matches(stored: string | null, password: string): Promise<boolean>;
}

/** Why a password cannot be chosen, or null. It is taken as it is: nothing trimmed, folded or cut off. */
export function passwordFault(password: string, username: string | null): string | null {
  const length = Array.from(password).length;
  if (length < PASSWORD_MIN_CODE_POINTS) return `must have at least ${PASSWORD_MIN_CODE_POINTS} characters`;
  if (length > PASSWORD_MAX_CODE_POINTS) return `must have at most ${PASSWORD_MAX_CODE_POINTS} characters`;
  const folded = password.toLowerCase();
  if (COMMON_PASSWORDS.has(folded)) return 'is one of the most common passwords';
  if (username !== null && folded === username.toLowerCase()) return 'must not be the username';
  return null;
}

export function createPasswords(argon2 = { hash, verify }): Passwords {
  const inTurn = createTurns();
  return {
    hash: (password) => inTurn(() => argon2.hash(password, ARGON2)),
    async matches(stored, password) {
      const same = await inTurn(() => argon2.verify(stored ?? DECOY, password));
      return same && stored !== null;
    },
  };
}

/** At most so many at once, the others in order; where too many wait, `busy`. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= HASHES_AT_ONCE) {
      if (waiting.length >= HASHES_WAITING) throw new StoreError('busy', 'too many passwords to check at once');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
