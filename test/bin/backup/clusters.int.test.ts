import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Io } from '../../../bin/cli/io.ts';
import { main } from '../../../bin/cli/main.ts';
import { dataFolder } from '../../../bin/data-folder.ts';
import { openLog } from '../../../bin/embedded/open-log.ts';
import { migrateLog } from '../../../bin/migrate/migrate.ts';
import { ids } from '../../../bin/write-side.ts';
import { NO_STREAM } from '../../../events/event-store.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { openAccounts } from '../../../infra/sqlite/accounts/accounts.ts';
import { openEventLog } from '../../../infra/sqlite/event-store/index.ts';
import { appended, newEvents } from '../../contracts/event-store/events.ts';
import { testFolder } from '../../support/folder.ts';
import { freshDatabase } from '../../support/servers.ts';

interface Answer {
  code: number;
  json: Record<string, unknown> & { error?: { code: string } };
}

/** A verb run in this process, on a data folder or with the addresses of a cluster. */
async function run(where: readonly string[], ...args: string[]): Promise<Answer> {
  const out: string[] = [];
  const io: Io = { out: (text) => void out.push(text), err: () => undefined, drained: async () => undefined };
  process.exitCode = 0;
  const code = await main([...args, ...where, '--json'], io);
  process.exitCode = 0; // the verb's, not that of these tests
  return { code, json: JSON.parse(out.at(-1) ?? '') as Answer['json'] };
}

async function cluster(folder: string): Promise<{ url: string; flags: string[] }> {
  const server = await startStandIn({ file: join(folder, `${ids.ulid()}.db`) });
  const database = await freshDatabase();
  onTestFinished(async () => {
    await server.close();
    await database.drop();
  });
  const unused = ['--kafka-brokers', '127.0.0.1:1', '--cassandra-contact-points', '127.0.0.1:1'];
  return { url: server.url, flags: ['--eventstore-url', server.url, '--postgres-url', database.url, ...unused] };
}

/** Users with passwords, and a chat of many events. */
async function fill(root: string): Promise<{ flags: string[]; events: number; userIds: string[] }> {
  const folder = dataFolder(root);
  const log = await openLog({ file: folder.events });
  const accounts = await openAccounts(folder.accounts);
  const userIds: string[] = [];
  for (const username of ['ann', 'bob', 'cid']) {
    const [userId, commandId] = [ids.ulid(), ids.ulid()];
    await accounts.enrol({ userId, hash: `hash of "${username}"`, commandId });
    await log.commands.registerUser({ userId, username, displayName: username, password: true, commandId });
    userIds.push(userId);
  }
  for (let n = 0; n < 40; n++) await appended(log.store.append(`test-${n}`, NO_STREAM, newEvents(1 + (n % 9))));
  const events = await log.store.head();
  await accounts.close();
  await log.close();
  return { flags: ['--data', root], events, userIds };
}

/** As far as a restore came that was killed. */
async function copySome({ from, to, until }: { from: string; to: string; until: number }): Promise<void> {
  const [source, target] = [await openEventLog({ file: from }), await openEventStoreDb({ url: to, heartbeat: null })];
  await migrateLog({ source, target, until });
  await target.close();
  await source.close();
}

const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('hindsight-restore-'));

test('a backup goes from a data folder into a cluster and from there into a data folder, with the passwords', async () => {
  const folder = testFolder();
  const { flags: data, events: filled, userIds } = await fill(join(folder, 'data'));
  const [one, other] = [await cluster(folder), await cluster(folder)];
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const drafts = leftovers();

  const taken = await run(data, 'backup', '--out', first);
  const events = filled + 1; // and that it was asked for
  expect(taken).toMatchObject({ code: 0, json: { events, accounts: { rows: 3 } } });
  const restored = await run(one.flags, 'restore', '--from', first);
  expect(restored).toMatchObject({ code: 0, json: { events, log: { copied: events }, accounts: { copied: 3 } } });
  expect(restored.json.epoch).not.toBe(taken.json.epoch);
  expect(leftovers()).toEqual(drafts);

  const all = events + 2; // the restore, and that this backup was asked for
  const fromCluster = await run(one.flags, 'backup', '--out', second);
  const { epoch } = restored.json;
  expect(fromCluster).toMatchObject({ code: 0, json: { events: all, epoch, accounts: { rows: 3 } } });
  const same = (count: number) => ({
    code: 0,
    json: { sound: true, comparison: { same: count, differences: { count: 0 } } },
  });
  expect(await run(one.flags, 'backup', 'verify', second, '--against-log')).toMatchObject(same(all));
  expect(await run(one.flags, 'backup', 'verify', first, '--against-log')).toMatchObject(same(events));
  expect(await run(data, 'backup', 'verify', first, '--against-log')).toMatchObject(same(events));
  expect(await run(other.flags, 'backup', 'verify', first, '--against-log')).toMatchObject({
    code: 1,
    json: { comparison: { same: 0, differences: { count: events } } },
  });

  const back = join(folder, 'back');
  expect(await run(['--data', back], 'restore', '--from', second)).toMatchObject({ code: 0, json: { events: all } });
  expect(await run(['--data', back], 'backup', 'verify', second, '--against-log')).toMatchObject(same(all));
  expect(await run(['--data', back], 'backup', 'verify', first, '--against-log')).toMatchObject(same(events));
  const [here, there] = [dataFolder(join(folder, 'data')), dataFolder(back)];
  expect(existsSync(there.keys)).toBe(false);
  const [before, after] = [await openAccounts(here.accounts), await openAccounts(there.accounts)];
  for (const userId of userIds) expect(await after.credential(userId)).toEqual(await before.credential(userId));
  await before.close();
  await after.close();
});

test('a restore into a cluster that was ended is filled up, and one over another log is refused', async () => {
  const folder = testFolder();
  const { flags: data } = await fill(join(folder, 'data'));
  const { url, flags } = await cluster(folder);
  const out = join(folder, 'backup');
  const events = (await run(data, 'backup', '--out', out)).json.events as number;
  await copySome({ from: dataFolder(join(folder, 'data')).events, to: url, until: 20 });
  const rest = { copied: events - 20, already: 20, verified: events, differenceCount: 0 };
  expect(await run(flags, 'restore', '--from', out)).toMatchObject({ code: 0, json: { events, log: rest } });

  const own = join(folder, 'own');
  expect(await run(flags, 'backup', '--out', own)).toMatchObject({ code: 0 });
  expect(await run(flags, 'restore', '--from', own)).toMatchObject({ code: 1, json: { error: { code: 'not-empty' } } });

  // It is in use: that it was restored stands in it.
  expect(await run(flags, 'restore', '--from', out)).toMatchObject({
    code: 1,
    json: { error: { code: 'migrate-conflict' } },
  });
});
