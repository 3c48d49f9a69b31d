import type { Commands } from '../commands/index.ts';
import type { Auth } from '../gateway/auth/api.ts';
import { createAuth } from '../gateway/auth/create-auth.ts';
import type { GatewayLogger } from '../gateway/context.ts';
import type { Config } from '../infra/config.ts';
import { openSigningKey } from '../infra/disk/signing-key.ts';
import { openAccounts } from '../infra/sqlite/accounts/accounts.ts';
import { systemClock } from '../infra/system/clock.ts';
import type { DataFolder } from './data-folder.ts';

export interface OpenAuthOptions {
  folder: DataFolder;
  commands: Commands;
  config: Config;
  logger?: GatewayLogger;
  gatewayUrl?: (userId: string) => string;
}

/** Accounts, keys and sessions of a data folder. A verb beside a running server opens the same. */
export async function openAuth({ folder, commands, config, logger, gatewayUrl }: OpenAuthOptions): Promise<Auth> {
  const accounts = await openAccounts(folder.accounts);
  const auth = await createAuth({
    accounts,
    commands,
    key: openSigningKey(folder.root),
    accessTokenS: config.accessTokenS,
    gatewayUrl: gatewayUrl ?? (() => ''),
    logger: logger ?? silent,
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
