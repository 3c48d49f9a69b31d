import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSigningKey } from '../../../infra/disk/signing-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hindsight-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is made once and kept for its owner only', () => {
  const { keyId } = openSigningKey(folder);
  const file = join(folder, 'keys', 'access-token.pem');
  chmodSync(file, 0o644);
  expect(openSigningKey(folder).keyId).toBe(keyId);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(folder, 'keys'))).toEqual(['access-token.pem']);
});

it('is refused where the file holds no such key', () => {
  openSigningKey(folder);
  writeFileSync(join(folder, 'keys', 'access-token.pem'), 'nonsense');
  expect(() => openSigningKey(folder)).toThrow();
});
