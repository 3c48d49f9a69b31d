import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { SigningKey } from '../../gateway/auth/ports.ts';

const KEY_ID_LENGTH = 16;

/** A fresh Ed25519 key as it is kept: PKCS #8, PEM. */
export const newSigningKeyPem = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The pair, and its name, which follows from the public half. `where` is for whoever has to mend a wrong one. */
export function signingKeyOf(pem: string, where: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`${where} holds no Ed25519 key`);
  const publicKey = createPublicKey(privateKey);
  const fingerprint = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  return { privateKey, publicKey, keyId: fingerprint.digest('base64url').slice(0, KEY_ID_LENGTH) };
}
