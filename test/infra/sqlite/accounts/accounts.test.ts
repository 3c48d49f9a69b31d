import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAccounts } from '../../../../infra/sqlite/accounts/accounts.ts';
import { openDatabase } from '../../../../infra/sqlite/database.ts';
import { accountsContract } from '../../../contracts/accounts.ts';

const folderFor = () => mkdtempSync(join(tmpdir(), 'hindsight-accounts-'));

accountsContract('SQLite', async () => {
  const folder = folderFor();
  return {
    open: () => openAccounts(join(folder, 'accounts.db')),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

it('is readable by its owner only, its side files too', async () => {
  const folder = folderFor();
  const accounts = await openAccounts(join(folder, 'accounts.db'));
  await accounts.enrol({ userId: 'u', hash: 'h', commandId: 'c' });
  const files = readdirSync(folder);
  expect(files).toContain('accounts.db-wal');
  expect(files.map((file) => statSync(join(folder, file)).mode & 0o077)).toEqual(files.map(() => 0));
  await accounts.close();
  rmSync(folder, { recursive: true });
});

it('holds no refresh token, and refuses a file from the future', async () => {
  const folder = folderFor();
  const file = join(folder, 'accounts.db');
  const accounts = await openAccounts(file);
  await accounts.enrol({ userId: 'u', hash: 'h', commandId: 'c' });
  await accounts.close();
  expect(readFileSync(file).includes('SQLite format 3')).toBe(true);
  const database = await openDatabase({ file, synchronous: 'full' });
  database.exec('PRAGMA user_version = 99');
  database.close();
  await expect(openAccounts(file)).rejects.toThrow('newer version');
  rmSync(folder, { recursive: true });
});
