import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SigningKey } from '../../gateway/auth/ports.ts';
import { newSigningKeyPem, signingKeyOf } from '../system/signing-key.ts';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/**
 * The key that signs access tokens, made at the first start in `<data>/keys/access-token.pem` and readable by its
 * owner only. Two processes that start at once end up with the same key.
 */
export function openSigningKey(dataFolder: string): SigningKey {
  const folder = join(dataFolder, 'keys');
  const file = join(folder, 'access-token.pem');
  mkdirSync(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  if (!existsSync(file)) create(file);
  chmodSync(file, OWNER_ONLY); // a copy or a restore may have opened it up
  return signingKeyOf(readFileSync(file, 'utf8'), file);
}

/** Written whole beside its place, then linked there: a reader never sees half a key, and the first writer wins. */
function create(file: string): void {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  const descriptor = openSync(draft, 'wx', OWNER_ONLY);
  try {
    writeFileSync(descriptor, newSigningKeyPem());
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(draft);
  }
}
