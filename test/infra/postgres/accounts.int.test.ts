import { expect, it } from 'vitest';
import { createAccounts } from '../../../infra/postgres/accounts/accounts.ts';
import { endSession } from '../../../infra/postgres/accounts/ends.ts';
import { loadSigningKey } from '../../../infra/postgres/accounts/signing-key.ts';
import { accountsContract } from '../../contracts/accounts.ts';
import { createDatabase, fileDatabase } from './database.ts';

accountsContract('Postgres', async () => {
  const database = await createDatabase();
  return { open: async () => createAccounts(database.open()), remove: () => database.drop() };
});

const database = fileDatabase();
const USER = '01J00000000000000000000001';
const DAY_MS = 86_400_000;
const token = (n: number): Uint8Array => new Uint8Array(32).fill(n);

async function openSessions(names: readonly string[], userId = USER) {
  const accounts = createAccounts(database.open());
  await accounts.enrol({ userId, hash: 'h', commandId: `enrol ${userId}` });
  for (const sessionId of names) {
    const refreshHash = new TextEncoder().encode(sessionId);
    await accounts.openSession({ sessionId, userId, hash: 'h', refreshHash, at: 1, refreshUntil: DAY_MS });
  }
  return accounts;
}

it('shows no end before those with lesser numbers, however late they are committed', async () => {
  const accounts = await openSessions(['late', 'early']);
  const other = createAccounts(database.open());
  const before = await accounts.lastEnd();
  let second: Promise<void> = Promise.resolve();
  await database.open().transaction(async (session) => {
    await endSession(session, 'late', 2);
    second = other.endSession('early', 3);
    await waitsForLock();
    expect(await accounts.endsAfter(before)).toEqual([]);
    expect(await accounts.lastEnd()).toBe(before);
  });
  await second;
  expect((await accounts.endsAfter(before)).map(({ sessionId }) => sessionId)).toEqual(['late', 'early']);
});

it('numbers the ends of many processes without a gap, and readers see them in that order', async () => {
  const names = Array.from({ length: 60 }, (_, n) => `s${n}`);
  const accounts = await openSessions(names, '01J00000000000000000000002');
  const before = await accounts.lastEnd();
  const seen: number[] = [];
  const ending = Promise.all(names.map((name) => accounts.endSession(name, 2)));
  let last = before;
  while (seen.length < names.length) {
    const ends = await accounts.endsAfter(last);
    seen.push(...ends.map(({ seq }) => seq));
    last = seen.at(-1) ?? last;
  }
  await ending;
  expect(seen).toEqual(names.map((_, n) => before + n + 1));
});

it('opens no session beside a change of the password, whichever is first', async () => {
  for (let n = 0; n < 20; n++) {
    const userId = `01J000000000000000000010${String(n).padStart(2, '0')}`;
    const accounts = await openSessions([], userId);
    const sessionId = `beside ${n}`;
    const opening = { sessionId, userId, hash: 'h', refreshHash: token(100 + n), at: 2, refreshUntil: DAY_MS };
    const change = { userId, hash: 'h2', commandId: `change ${n}`, keep: null, at: 3 };
    await Promise.all([accounts.openSession(opening), accounts.changePassword(change)]);
    expect(await accounts.userOf(sessionId)).toBeNull();
  }
});

it('forgets ends after their time, and goes on counting', async () => {
  const accounts = await openSessions(['p1', 'p2'], '01J00000000000000000000003');
  await accounts.endSession('p1', 2);
  const last = await accounts.lastEnd();
  await accounts.purge(30 * DAY_MS);
  expect(await accounts.endsAfter(0)).toEqual([]);
  expect(await accounts.lastEnd()).toBe(last);
});

it('gives all processes the same signing key, also to those that start at once', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadSigningKey(database.open())));
  const pems = keys.map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }));
  expect(new Set(pems).size).toBe(1);
  expect(new Set(keys.map(({ keyId }) => keyId))).toEqual(new Set([(await loadSigningKey(database.open())).keyId]));
});

const WAITS_WITHIN_MS = 5_000;

/** Resolves when a connection of this database waits for a lock. */
async function waitsForLock(): Promise<void> {
  const postgres = database.open();
  const deadline = performance.now() + WAITS_WITHIN_MS;
  const sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  while ((await postgres.query(sql)).length === 0) {
    if (performance.now() > deadline) throw new Error('nobody waits for a lock');
  }
}
