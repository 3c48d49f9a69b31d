import { expect, it } from 'vitest';
import { rebuildGroup } from '../../../bin/cluster/rebuild.ts';
import { accepted } from '../../../events/error-codes.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { createParking } from '../../../infra/postgres/parking.ts';
import { followProgress, viewsSeen } from '../../../infra/postgres/progress.ts';
import { userChatsReader } from '../../../infra/postgres/user-chats/reader.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import { createPartitionFollower, createProgress, openViewSink } from '../../../projections/index.ts';
import { unlessRebuilding } from '../../../queries/rebuilding.ts';
import { fileDatabase } from '../../infra/postgres/database.ts';
import { dumpViews, emptyViews } from '../../infra/postgres/views.ts';
import { arrayLog } from '../../support/array-log.ts';
import { createMemoryTopic } from '../../support/memory/backplane.ts';
import { randomLog } from '../../support/random-log.ts';

const SEED = 71;
const LONG_MS = 60_000;
const database = fileDatabase();

/** A group `user-chats` of one partition, which is fed a link for each event, and then how far it is, again and again. */
async function startGroup(events: RecordedEvent[]) {
  const postgres = database.open();
  await emptyViews(postgres);
  await postgres.execute('TRUNCATE parked');
  const [checkpoints, parking] = [createCheckpoints(postgres), createParking(postgres)];
  await checkpoints.prepare('user-chats', 1);
  const log = arrayLog(events);
  const topic = createMemoryTopic({ partitions: 1 });
  const follower = createPartitionFollower({
    group: 'user-chats',
    partitions: 1,
    topic: topic.group('user-chats'),
    checkpoints,
    log,
    open: (claim) =>
      openViewSink({
        claim,
        rows: createViewRows(postgres),
        checkpoints,
        parking,
        log,
        report: () => undefined,
        onUnknown: () => undefined,
      }),
    owner: 'tests',
    report: () => undefined,
    clock: Date.now,
  });
  const running = follower.run();
  const head = await log.head();
  const writer = topic.writer();
  const tell = () => writer.write([{ partition: 0, link: { source: 0, after: head, position: head, event: null } }]);
  const telling = setInterval(() => void tell(), 50);
  await expect.poll(async () => (await checkpoints.list(['user-chats']))[0]?.position, { timeout: LONG_MS }).toBe(head);
  return {
    postgres,
    checkpoints,
    parking,
    log,
    rebuild: () =>
      rebuildGroup({ log, checkpoints, postgres, cassandra: {} as Cassandra }, 'user-chats', () => undefined),
    async close() {
      clearInterval(telling);
      await follower.close();
      await running;
    },
  };
}

it('answers what was there before, or that it is behind, and nothing else while views are rebuilt in place', async () => {
  const { events, chats } = randomLog({ seed: SEED, events: 600 });
  const group = await startGroup([...events]);
  const { postgres, log } = group;
  const before = await dumpViews(postgres);
  const views = viewsSeen(postgres, ['user-chats']);
  const progress = followProgress({ waiters: createProgress(), views, head: () => log.head() });
  const reader = userChatsReader(postgres);
  const userId = [...(chats[0]?.view.members.keys() ?? [])][0] ?? '';
  const read = () =>
    unlessRebuilding({ progress }, ['user-chats'], async () => accepted(await reader.chatsOf(userId, { limit: 200 })));
  const whole = await read();
  expect(whole.ok && whole.value.length).toBeGreaterThan(0);

  let behind = 0;
  let rebuilding = true;
  const rebuilt = group.rebuild().finally(() => (rebuilding = false));
  while (rebuilding) {
    const answer = await read();
    if (answer.ok) expect(answer).toEqual(whole);
    else behind += answer.rejection.code === 'behind' ? 1 : Number.NaN;
  }
  await rebuilt;
  expect(behind).toBeGreaterThan(0);
  await expect.poll(read).toEqual(whole);
  expect(await dumpViews(postgres)).toEqual(before);
  await progress.close();
  await group.close();
});

it('lets a parked chat go on once what was wrong is mended, and counts nothing twice', async () => {
  const { events } = randomLog({ seed: SEED + 1, events: 200 });
  const bad = events.findIndex(({ type }) => type === 'MessageSent');
  const good = events[bad];
  if (!good) throw new Error(`no message with seed ${SEED + 1}`);
  const group = await startGroup(events.with(bad, { ...good, data: '{"text":' }));
  const { parking, log, postgres } = group;
  const [parked] = await parking.list();
  expect(parked).toMatchObject({ group: 'user-chats', revision: good.revision });
  await group.rebuild();
  expect(await parking.list()).toEqual([parked]); // still wrong: parked again, and as many wait behind it
  log.events[bad] = good; // a version that can read it
  await group.rebuild();
  expect(await parking.list()).toEqual([]);
  const chatId = good.stream.replace('chat-', '');
  const heads = await postgres.query<{ seq: number }>(
    'SELECT head_seq AS seq FROM user_chats_chats WHERE chat_id = $1',
    [chatId],
  );
  expect(heads).toEqual([{ seq: log.events.filter(({ stream }) => stream === good.stream).length }]);
  await group.close();
});
