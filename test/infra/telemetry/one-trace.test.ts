import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { EventLog } from '../../../events/event-store.ts';
import { createSlotFeed } from '../../../gateway/slots/slot-feed.ts';
import { openDeliveries } from '../../../projections/deliveries/deliveries.ts';
import { createPartitionFollower } from '../../../projections/partitions/follower.ts';
import { type GroupName, VIEW_GROUPS } from '../../../projections/partitions/ports.ts';
import type { OpenSink } from '../../../projections/partitions/sink.ts';
import { openViewSink } from '../../../projections/partitions/view-sink.ts';
import { createRelay } from '../../../projections/relay/relay.ts';
import { adaptersHere } from '../../gateway/ws/support/adapters.ts';
import { startWorld } from '../../gateway/ws/support/world.ts';
import { ANN, BOB, CID, GROUP } from '../../support/commands.ts';
import { testFolder } from '../../support/folder.ts';
import { createMemoryTopic, type MemoryTopic } from '../../support/memory/backplane.ts';
import { memoryChatSlots } from '../../support/memory/chat-slots.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { memoryParking } from '../../support/memory/parking.ts';
import { EPOCH } from '../../support/random-chat.ts';
import { sharedViews } from '../../support/sqlite-partition-rows.ts';
import { type RecordedSpan, recordSpans } from './spans.ts';

const PARTITIONS = 2;
const SLOTS = 3;
const TRACE = 'a'.repeat(32);
const PARENT = 'b'.repeat(16);

const recorder = recordSpans();
const { telemetry } = recorder;
let adapter: Awaited<ReturnType<typeof adaptersHere>>['adapters'][number];
beforeAll(async () => {
  const [first] = (await adaptersHere()).adapters;
  if (!first) throw new Error('no socket server runs here');
  adapter = first;
});

/** A whole cluster in memory: the relay, both projectors and the deliveries, between a log and the gateway’s feed. */
async function startCluster(log: EventLog, topics: { events: MemoryTopic; deliveries: MemoryTopic }) {
  const checkpoints = memoryCheckpoints();
  const parking = memoryParking();
  const slots = memoryChatSlots(checkpoints);
  const views = await sharedViews({ file: join(testFolder(), 'views.db'), checkpoints });
  const common = { checkpoints, log, owner: 'a', clock: Date.now, report: () => undefined };
  const writer = telemetry.writer(topics.events.writer(), 'events');
  const told = telemetry.writer(topics.deliveries.writer(), 'deliveries');
  const running: { run(): Promise<void>; close(): Promise<void> }[] = [createRelay({ ...common, writer })];
  const follow = async (group: GroupName, open: OpenSink): Promise<void> => {
    await checkpoints.prepare(group, PARTITIONS);
    const topic = telemetry.group(topics.events.group(group), group);
    running.push(createPartitionFollower({ ...common, group, partitions: PARTITIONS, topic, open }));
  };
  for (const group of VIEW_GROUPS)
    await follow(group, (claim) =>
      openViewSink({ ...common, claim, parking, rows: views.open(claim), onUnknown: () => undefined }),
    );
  await follow('deliveries', (claim) =>
    openDeliveries({ ...common, claim, parking, store: slots.open(), writer: told }),
  );
  const ended = running.map((one) => one.run());
  onTestFinished(async () => {
    await Promise.all(running.map((one) => one.close()));
    await Promise.all(ended);
    views.close();
  });
}

async function startTracedWorld() {
  const topics = {
    events: createMemoryTopic({ partitions: PARTITIONS }),
    deliveries: createMemoryTopic({ partitions: SLOTS }),
  };
  const feed = createSlotFeed({ epoch: EPOCH, tail: topics.deliveries.tail(), sources: PARTITIONS });
  await feed.follow(Array.from({ length: SLOTS }, (_, slot) => slot));
  const { trace, aroundOp } = telemetry;
  const w = await startWorld({
    adapter,
    deps: (store) => ({ store: telemetry.store(store), ...(trace && { trace }) }),
    wrapCommands: telemetry.commands,
    feed: () => telemetry.feed(feed),
    gateway: { ...(aroundOp && { aroundOp }) },
  });
  onTestFinished(async () => {
    await w.close();
    await feed.close();
  });
  await startCluster(w.store, topics);
  return w;
}

/** Its spans by name, each with the name of what it is a part of. */
function treeOf(spans: readonly RecordedSpan[]): string[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return [...new Set(spans.map(({ name, parentId }) => `${name} < ${names.get(parentId ?? '') ?? parentId}`))].sort();
}

test('what a client asks on its socket is one trace as far as the push on another one’s', async () => {
  const w = await startTracedWorld();
  await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB, CID] });
  const [ann, bob] = await Promise.all([w.follow(ANN), w.follow(BOB)]);
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  expect(await ann.request('send', { chatId: GROUP, text: 'hello', traceparent })).toMatchObject({ ok: true, seq: 2 });
  await bob.until(({ ev, seq }) => ev === 'event' && seq === 2);
  const ofTrace = (): RecordedSpan[] => recorder.spans().filter(({ traceId }) => traceId === TRACE);
  await expect
    .poll(() => treeOf(ofTrace()), { timeout: 10_000 })
    .toEqual([
      'append < command send',
      'command send < op send',
      `op send < ${PARENT}`,
      'process chat-history < command send',
      'process deliveries < command send',
      'process user-chats < command send',
      'push < command send',
      'send deliveries < command send',
      'send events < command send',
    ]);
  expect(ofTrace().filter(({ failed }) => failed !== null)).toEqual([]);
});
