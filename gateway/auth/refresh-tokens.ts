import { createHash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** 256 random bits. Only the SHA-256 is kept: so much randomness needs no slow hash. */
export function newRefreshToken(): { token: string; hash: Uint8Array } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashRefreshToken(token) };
}

export const hashRefreshToken = (token: string): Uint8Array => createHash('sha256').update(token).digest();
