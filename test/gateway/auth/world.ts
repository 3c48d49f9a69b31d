import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Commands } from '../../../commands/index.ts';
import type { Auth } from '../../../gateway/auth/api.ts';
import { type AuthDeps, createAuth } from '../../../gateway/auth/create-auth.ts';
import type { Accounts, SigningKey } from '../../../gateway/auth/ports.ts';
import { openSigningKey } from '../../../infra/disk/signing-key.ts';
import { openAccounts } from '../../../infra/sqlite/accounts/accounts.ts';
import { createWorld } from '../../support/commands.ts';
import { createMemoryEventStore } from '../../support/memory/event-store.ts';
import { cheapPasswords } from '../http/harness.ts';

export interface AuthWorld {
  auth: Auth;
  commands: Commands;
  accounts: Accounts;
  key: SigningKey;
  folder: string;
  time: { offset: number };
  /** Another process on the same data folder. */
  another(): Promise<Auth>;
  close(): Promise<void>;
}

export async function createAuthWorld(over: Partial<AuthDeps> = {}): Promise<AuthWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-auth-'));
  const time = { offset: 0 };
  const clock = () => Date.now() + time.offset;
  const store = createMemoryEventStore({ clock });
  const { commands } = createWorld({ store, clock });
  const key = openSigningKey(folder);
  const closing: (() => Promise<void>)[] = [];
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const open = async () => {
    const accounts = await openAccounts(join(folder, 'accounts.db'));
    const deps = {
      accounts,
      commands,
      key,
      accessTokenS: 900,
      gatewayUrl: () => 'ws://gateway',
      logger,
      clock,
      passwords: cheapPasswords,
    };
    const auth = await createAuth({ ...deps, ...over });
    closing.push(async () => {
      await auth.close();
      await accounts.close();
    });
    return { auth, accounts };
  };
  const { auth, accounts } = await open();
  return {
    auth,
    commands,
    accounts,
    key,
    folder,
    time,
    another: async () => (await open()).auth,
    async close() {
      for (const end of closing) await end();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const MARA = { username: 'mara', password: 'ten small owls', displayName: 'Mara' };
