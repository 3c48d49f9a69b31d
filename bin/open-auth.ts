import type { Commands } from '../commands/index.ts';
import type { Auth } from '../gateway/auth/api.ts';
import { type AuthDeps, createAuth } from '../gateway/auth/create-auth.ts';
import type { Accounts, SigningKey } from '../gateway/auth/ports.ts';
import type { GatewayLogger } from '../gateway/context.ts';
import type { Config } from '../infra/config.ts';
import { openSigningKey } from '../infra/disk/signing-key.ts';
import { openAccounts } from '../infra/sqlite/accounts/accounts.ts';
import { systemClock } from '../infra/system/clock.ts';
import type { DataFolder } from './data-folder.ts';

/** What is durable and never an event: in the data folder, or in Postgres. */
export interface Secrets {
  accounts: Accounts;
  key: SigningKey;
}

export interface OpenAuthOptions extends Secrets {
  commands: Commands;
  config: Pick<Config, 'accessTokenS'>;
  logger?: GatewayLogger;
  gatewayUrl?: AuthDeps['gatewayUrl'];
}

export const openSecrets = async (folder: DataFolder): Promise<Secrets> => ({
  accounts: await openAccounts(folder.accounts),
  key: openSigningKey(folder.root),
});

/** Signing in and out. A verb beside a running server opens the same. Closing it closes the accounts. */
export async function openAuth({ accounts, key, commands, config, ...options }: OpenAuthOptions): Promise<Auth> {
  const auth = await createAuth({
    accounts,
    commands,
    key,
    accessTokenS: config.accessTokenS,
    gatewayUrl: options.gatewayUrl ?? (() => ''),
    logger: options.logger ?? silent,
    clock: systemClock,
  });
  return {
    ...auth,
    async close() {
      await auth.close();
      await accounts.close();
    },
  };
}

const silent: GatewayLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };
