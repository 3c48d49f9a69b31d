import { beforeEach, expect, it } from 'vitest';
import { plain } from '../../../events/content.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { chatStream } from '../../../events/streams.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { membersReader } from '../../../infra/postgres/members/reader.ts';
import type { Postgres } from '../../../infra/postgres/pool.ts';
import { userChatsReader } from '../../../infra/postgres/user-chats/reader.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import { RefusedRows } from '../../../projections/partitions/ports.ts';
import { type Feeder, feeder } from '../../contracts/partition-rows/feeder.ts';
import { recorded, recordedUser } from '../../support/array-log.ts';
import { fileDatabase } from './database.ts';
import { dumpViews, emptyViews } from './views.ts';

const CHAT = '01HZZZZZZZN000000000000007';
const MEMBERS = 10_000;
const member = (n: number): string => `01HZZZZZZZV${String(n).padStart(15, '0')}`;

const database = fileDatabase();
let postgres: Postgres;
let position: number;
beforeEach(async () => {
  postgres = database.open();
  await emptyViews(postgres);
  await createCheckpoints(postgres).prepare('user-chats', 1);
  position = 0;
});

const claimed = async (on: Postgres = postgres, keptMax?: number): Promise<Feeder> => {
  const rows = createViewRows(on, keptMax === undefined ? {} : { keptMax });
  return feeder(rows, await createCheckpoints(postgres).claim('user-chats', 0, 'tests'));
};

function chatEvent(type: string, data: unknown, actor = member(0)): RecordedEvent {
  position++;
  return recorded(chatStream(CHAT), { position, revision: position - 1, actor }, { type, data });
}
const started = (members: number): RecordedEvent =>
  chatEvent('ChatStarted', {
    kind: 'group',
    title: plain('all of us'),
    historyVisibility: 'all',
    pastContent: 'then',
    members: Array.from({ length: members }, (_, n) => ({ userId: member(n), role: n === 0 ? 'admin' : 'member' })),
  });
const message = (actor: string, number: number): RecordedEvent =>
  chatEvent('MessageSent', { messageId: member(position), number, text: plain('hello'), mentions: [] }, actor);

/** Counts the rows that are read. */
function counting(): { postgres: Postgres; read(): number } {
  let read = 0;
  return {
    read: () => read,
    postgres: {
      ...postgres,
      async query(statement, values) {
        const rows = await postgres.query<never>(statement, values);
        read += rows.length;
        return rows;
      },
    },
  };
}

it(`takes in a chat of ${MEMBERS} members, and for a message reads one of them`, async () => {
  await (await claimed()).feed([started(MEMBERS)]);
  expect(await userChatsReader(postgres).chatOf(member(7), CHAT)).toMatchObject({ memberCount: MEMBERS, readSeq: 1 });

  const counted = counting();
  const next = await claimed(counted.postgres);
  await next.feed([message(member(7), 1)]);
  expect(counted.read()).toBe(2); // the chat and its sender
  await next.feed([message(member(7), 2), chatEvent('MemberRemoved', { userId: member(8) })]);
  expect(counted.read()).toBe(4); // who left: the membership and the role
  await next.feed([message(member(7), 3)]);
  expect(counted.read()).toBe(4);

  expect(await userChatsReader(postgres).chatOf(member(7), CHAT)).toMatchObject({ memberCount: 9_999, readSeq: 5 });
  expect(await membersReader(postgres).stays(CHAT, member(8))).toEqual({ role: null, stays: [{ from: 1, to: 4 }] });
});

it('reads again what it has let go of, and holds the same', async () => {
  const events = [started(3), message(member(1), 1), message(member(2), 2), message(member(1), 3)];
  const keeping = await claimed();
  for (const event of events) await keeping.feed([event]);
  const kept = await dumpViews(postgres);
  await emptyViews(postgres);
  await createCheckpoints(postgres).prepare('user-chats', 1);
  const counted = counting();
  const forgetting = await claimed(counted.postgres, 0);
  for (const event of events) await forgetting.feed([event]);
  expect(counted.read()).toBe(3 * 2);
  expect(await dumpViews(postgres)).toEqual(kept);
});

it('writes new versions of rows where the old ones lie, without a word to the indexes', async () => {
  const one = database.open({ max: 1 }); // what it counts, it tells of itself
  const only = await claimed(one);
  await only.feed([started(20)]);
  for (let n = 1; n <= 100; n++) await only.feed([message(member(n % 20), n)]);
  await one.query('SELECT pg_stat_force_next_flush()');
  const [counts] = await one.query<{ updated: number; hot: number }>(
    `SELECT sum(n_tup_upd)::bigint AS updated, sum(n_tup_hot_upd)::bigint AS hot FROM pg_stat_user_tables
      WHERE relname IN ('user_chats_chats', 'user_chats_memberships', 'checkpoints')`,
  );
  expect(counts?.updated).toBeGreaterThanOrEqual(300);
  expect((counts?.hot ?? 0) / (counts?.updated ?? 1)).toBeGreaterThan(0.9);
});

it('says which value it will never hold', async () => {
  const only = await claimed();
  const named = recordedUser(
    { position: 1, revision: 0, actor: member(1) },
    { type: 'UserRegistered', data: { username: 'u', displayName: plain('a\0b'), password: true } },
  );
  await only.take([named]);
  await expect(only.commit(1)).rejects.toThrow(RefusedRows);
  only.reset();
  await only.commit(1);
  expect((await dumpViews(postgres)).users_users).toEqual([]);
});

it('does not write rows as they were before another process had the partition', async () => {
  const one = await claimed();
  await one.feed([started(3)]);
  const next = message(member(1), 1);
  await one.take([next]);
  await (await claimed()).feed([next, message(member(2), 2)]);
  const held = await dumpViews(postgres);

  const again = await createCheckpoints(postgres).claim('user-chats', 0, 'one again');
  const step = { claim: again, from: again.position, to: again.position + 1 };
  await expect(one.rows.commit(step)).rejects.toMatchObject({ code: 'busy', temporary: true });
  expect(await dumpViews(postgres)).toEqual(held);
  one.rows.reset();
  await one.rows.commit(step);
});
