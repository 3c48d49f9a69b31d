import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Io } from '../../../bin/cli/io.ts';
import { main } from '../../../bin/cli/main.ts';
import { dataFolder } from '../../../bin/data-folder.ts';
import { openLog } from '../../../bin/embedded/open-log.ts';
import { ids } from '../../../bin/write-side.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { createAccounts } from '../../../infra/postgres/accounts/accounts.ts';
import { openPostgres } from '../../../infra/postgres/pool.ts';
import { openAccounts } from '../../../infra/sqlite/accounts/accounts.ts';
import { acquireServerLock } from '../../../infra/sqlite/event-store/index.ts';
import { testFolder } from '../../support/folder.ts';
import { freshDatabase } from '../../support/servers.ts';

const NAMES = ['ann', 'bob', 'cid'];

/** A data folder with a few users who have passwords. */
async function fillFolder(root: string): Promise<{ events: number; userIds: string[] }> {
  const folder = dataFolder(root);
  const log = await openLog({ file: folder.events });
  const accounts = await openAccounts(folder.accounts);
  const userIds: string[] = [];
  for (const username of NAMES) {
    const [userId, commandId] = [ids.ulid(), ids.ulid()];
    await accounts.enrol({ userId, hash: `hash of "${username}"`, commandId });
    await log.commands.registerUser({ userId, username, displayName: username, password: true, commandId });
    userIds.push(userId);
  }
  const changed = { userId: userIds[0] as string, hash: 'a new \\ hash', commandId: ids.ulid(), keep: null, at: 1 };
  await accounts.changePassword(changed);
  const events = await log.store.head();
  await accounts.close();
  await log.close();
  return { events, userIds };
}

async function prepare() {
  const root = testFolder();
  const filled = await fillFolder(join(root, 'data'));
  const server = await startStandIn({ file: join(root, 'target.db') });
  const database = await freshDatabase();
  const printed: { out: string[]; err: string[] } = { out: [], err: [] };
  const io: Io = {
    out: (text) => void printed.out.push(text),
    err: (text) => void printed.err.push(text),
    drained: async () => undefined,
  };
  const addresses = ['--eventstore-url', server.url, '--postgres-url', database.url];
  const unused = ['--kafka-brokers', '127.0.0.1:1', '--cassandra-contact-points', '127.0.0.1:1'];
  const migrate = async (...more: string[]): Promise<number> => {
    process.exitCode = 0;
    const code = await main(['migrate', '--data', join(root, 'data'), ...addresses, ...unused, ...more], io);
    process.exitCode = 0; // the verb's, not that of these tests
    return code;
  };
  const close = async (): Promise<void> => {
    await server.close();
    await database.drop();
  };
  return { ...filled, data: join(root, 'data'), server, database, printed, migrate, close };
}

test('a data folder moves into a cluster: events and passwords, and once more changes nothing', async () => {
  const { events, userIds, data, server, database, printed, migrate, close } = await prepare();
  expect(await migrate('--json')).toBe(0);
  const report = { copied: events, already: 0, streams: 6, verified: events, differences: [], differenceCount: 0 };
  const json = (): unknown => JSON.parse(printed.out.pop() ?? '');
  expect(json()).toEqual({ ...report, accounts: { copied: 3, already: 0, differences: [] } });
  const postgres = openPostgres({ url: database.url, applicationName: 'tests' });
  const [there, here] = [createAccounts(postgres), await openAccounts(join(data, 'accounts.db'))];
  for (const userId of userIds) expect(await there.credential(userId)).toEqual(await here.credential(userId));
  await here.close();

  expect(await migrate('--json')).toBe(0);
  const again = { ...report, copied: 0, already: events };
  expect(json()).toEqual({ ...again, accounts: { copied: 0, already: 3, differences: [] } });

  const [ann, bob] = userIds as [string, string];
  await there.changePassword({ userId: bob, hash: 'another', commandId: ids.ulid(), keep: null, at: 1 });
  expect(await migrate('--json')).toBe(1);
  expect(json()).toEqual({ ...again, accounts: { copied: 0, already: 2, differences: [bob] } });

  const target = await openEventStoreDb({ url: server.url, heartbeat: null });
  const event = { eventId: ids.eventId('a', 'b'), type: 'UserRenamed', data: '{}', metadata: '{}' };
  await target.append(`user-${ann}`, 0, [event]);
  await target.close();
  expect(await migrate()).toBe(1);
  expect(printed.err.at(-1)).toContain(`user-${ann} revision 1`);
  await there.close();
  await close();
});

test('a folder that a server runs on, or that has no log, is refused, and so is a cluster that is not named', async () => {
  const { data, printed, migrate, close } = await prepare();
  const unlock = await acquireServerLock(data);
  expect(await migrate()).toBe(1);
  expect(printed.err.at(-1)).toContain('a server (pid');
  unlock();
  expect(await migrate('--data', testFolder())).toBe(1);
  expect(printed.err.at(-1)).toContain('there is no log');
  const io: Io = { out: () => undefined, err: (text) => void printed.err.push(text), drained: async () => undefined };
  expect(await main(['migrate', '--data', data], io)).toBe(2);
  expect(printed.err.at(-1)).toContain('HINDSIGHT_EVENTSTORE_URL');
  await close();
});
