import type { SigningKey } from '../../../gateway/auth/ports.ts';
import { newSigningKeyPem, signingKeyOf } from '../../system/signing-key.ts';
import type { Postgres } from '../pool.ts';

const PURPOSE = 'access-token';

/** The key that signs access tokens, the same for all processes: made by the first of them that asks. */
export async function loadSigningKey(postgres: Postgres): Promise<SigningKey> {
  return signingKeyOf((await stored(postgres)) ?? (await made(postgres)), 'Postgres');
}

async function stored(postgres: Postgres): Promise<string | null> {
  const [row] = await postgres.query<{ pem: string }>('SELECT pem FROM signing_keys WHERE purpose = $1', [PURPOSE]);
  return row?.pem ?? null;
}

async function made(postgres: Postgres): Promise<string> {
  const insert = 'INSERT INTO signing_keys (purpose, pem) VALUES ($1, $2) ON CONFLICT DO NOTHING';
  await postgres.execute(insert, [PURPOSE, newSigningKeyPem()]);
  const kept = await stored(postgres); // whose it is: the first one's
  if (kept === null) throw new Error('the signing key vanished as it was made');
  return kept;
}
