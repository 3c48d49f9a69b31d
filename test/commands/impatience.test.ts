import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { STREAM_READ_MAX_EVENTS } from '../../commands/chat/look-up.ts';
import { LOOKUP_WAIT_MS, REST_MS, SNAPSHOT_WAIT_MS } from '../../commands/impatience.ts';
import type { MessageLookup, Snapshots } from '../../commands/index.ts';
import type { NewEvent } from '../../events/event-store.ts';
import { ANN, BOB, createWorld, GROUP, group, NOW, noSnapshots, run, ulidAt, type World } from '../support/commands.ts';
import { longChat, MINUTE_MS, oldId } from '../support/long-chat.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';

const OTHER = ulidAt(NOW - 500_000_000, 2);
const LATE = ulidAt(NOW + 1, 77);
const DONE = { changed: true };

/** A group in memory, of which so many messages have been sent before the world began. */
async function worldOf({
  messages = 0,
  ...deps
}: {
  messages?: number;
  snapshots?: Snapshots;
  lookup?: MessageLookup;
}) {
  const later = NOW + (messages + 1) * MINUTE_MS;
  const base = createMemoryEventStore({ clock: () => later });
  const before = createWorld({ store: base });
  await group(before);
  await run(before, { type: 'start-chat', chatId: OTHER, actor: ANN, kind: 'group', title: 'o', members: [BOB] });
  const world = createWorld({ store: messages > 0 ? longChat(base, messages) : base, ...deps });
  world.time.now = later;
  return world;
}

/** What was asked for and is never answered. */
function silent(): { asked: number; ask: () => Promise<never> } {
  const helper = {
    asked: 0,
    ask: () => {
      helper.asked += 1;
      return new Promise<never>(() => undefined);
    },
  };
  return helper;
}

/** Somebody else's message, which comes before this one. */
const another = (event: NewEvent | undefined, id: string): NewEvent => ({
  type: event?.type ?? '',
  eventId: randomUUID(),
  data: event?.data.replace(LATE, id) ?? '',
  metadata: event?.metadata.replaceAll(LATE, id) ?? '',
});

const send = (world: World, chatId = GROUP) => run(world, { type: 'send', chatId, actor: BOB, text: 'hello' });
const react = (world: World, n: number) => run(world, { type: 'react', actor: ANN, messageId: oldId(n), emoji: '👍' });

test('a chat is read from the log where its snapshot does not come, and the next one without asking', async () => {
  const helper = silent();
  const world = await worldOf({ snapshots: { ...noSnapshots, load: helper.ask } });
  const first = send(world);
  await world.timer.run(SNAPSHOT_WAIT_MS);
  expect(await first).toMatchObject(DONE);
  expect(world.faults).toHaveLength(1);
  expect(await send(world, OTHER)).toMatchObject(DONE);
  expect(helper.asked).toBe(1);
});

test('a reaction to an old message does not hold up what is sent with it and behind it', async () => {
  const helper = silent();
  const world = await worldOf({ messages: 5_000, lookup: { find: helper.ask } });
  const answers = [send(world), react(world, 1), send(world)];
  await world.timer.run(1);
  answers.push(send(world));
  await world.timer.run(LOOKUP_WAIT_MS);
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(DONE);
  expect(world.faults).toHaveLength(1);
  expect(await react(world, 2)).toMatchObject(DONE);
  expect(helper.asked).toBe(1);
  await world.timer.run(REST_MS);
  const again = react(world, 3);
  await world.timer.run(LOOKUP_WAIT_MS);
  expect(await again).toMatchObject(DONE);
  expect(helper.asked).toBe(2);
});

test('what only the lookup could tell is unavailable, and nothing else is', async () => {
  const helper = silent();
  const world = await worldOf({ messages: STREAM_READ_MAX_EVENTS + 10_000, lookup: { find: helper.ask } });
  const answers = [react(world, 1), send(world)];
  await world.timer.run(LOOKUP_WAIT_MS);
  expect(await Promise.all(answers)).toEqual(['unavailable', expect.objectContaining(DONE)]);
  expect(await react(world, 2)).toBe('unavailable');
  expect(await send(world)).toMatchObject(DONE);
  expect(helper.asked).toBe(1);
});

test('an id from long ago is read for once, however often its chat has gone on before it is written', async () => {
  const helper = silent();
  const world = await worldOf({ messages: 5_000, lookup: { find: helper.ask } });
  await send(world);
  const { readStream, append } = world.store;
  const readFrom: number[] = [];
  let overtaken = 3;
  world.store.readStream = (stream, page) => {
    readFrom.push(page.from ?? 0);
    return readStream.call(world.store, stream, page);
  };
  world.store.append = async (stream, expected, events) => {
    if (overtaken-- > 0) await append(stream, expected, [another(events[0], world.id())]);
    return append(stream, expected, events);
  };
  const late = run(world, { type: 'send', commandId: LATE, actor: BOB, text: 'late' });
  await world.timer.run(LOOKUP_WAIT_MS);
  expect(await late).toMatchObject(DONE);
  expect(helper.asked).toBe(1);
  expect(readFrom.filter((from) => from === 0)).toHaveLength(1);
});

test('an answer that comes in time is taken, however often, and one that fails is asked for again', async () => {
  let asked = 0;
  const find = async (): Promise<never> => {
    asked += 1;
    throw new Error('the views are closed');
  };
  const world = await worldOf({ messages: 5_000, lookup: { find } });
  expect(await react(world, 1)).toMatchObject(DONE);
  await world.timer.run(LOOKUP_WAIT_MS);
  expect(await react(world, 2)).toMatchObject(DONE);
  expect(asked).toBe(2);
});
