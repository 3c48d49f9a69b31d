import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { SigningKey } from '../../../gateway/auth/ports.ts';
import type { Postgres } from '../pool.ts';

const PURPOSE = 'access-token';
const KEY_ID_LENGTH = 16;

/** The key that signs access tokens, the same for all processes: made by the first of them that asks. */
export async function loadSigningKey(postgres: Postgres): Promise<SigningKey> {
  const pem = (await stored(postgres)) ?? (await made(postgres));
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('the signing key in Postgres is no Ed25519 key');
  const publicKey = createPublicKey(privateKey);
  const fingerprint = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  return { privateKey, publicKey, keyId: fingerprint.digest('base64url').slice(0, KEY_ID_LENGTH) };
}

async function stored(postgres: Postgres): Promise<string | null> {
  const [row] = await postgres.query<{ pem: string }>('SELECT pem FROM signing_keys WHERE purpose = $1', [PURPOSE]);
  return row?.pem ?? null;
}

async function made(postgres: Postgres): Promise<string> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const insert = 'INSERT INTO signing_keys (purpose, pem) VALUES ($1, $2) ON CONFLICT DO NOTHING';
  await postgres.execute(insert, [PURPOSE, pem]);
  const kept = await stored(postgres); // whose it is: the first one's
  if (kept === null) throw new Error('the signing key vanished as it was made');
  return kept;
}
