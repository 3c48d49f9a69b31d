import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventStore } from '../../events/event-store.ts';
import { call } from '../support/protocol-client.ts';
import { clusterSettings, type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  again,
  codeOf,
  group,
  hindsight,
  hindsightJson,
  isEvent,
  live,
  type Page,
  type Person,
  person,
  type Summary,
  say,
  seqsOf,
  ulid,
} from './world.ts';

const WITHIN_MS = 40_000;

interface Parked {
  view: string;
  key: string;
  waiting: number;
  event: { stream: string; revision: number; type: string };
}
interface Outcome {
  released: Parked[];
  parked: Parked[];
  pending: Parked[];
}
type Told<T> = T & { lagging?: { headSeq: number; since: string } };

let server: ServerProcess;
let ada: Person;
let ben: Person;
let chatId: string;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben] = await Promise.all([person(server, 'ada'), person(server, 'ben')]);
  chatId = await group(ada, [ben]);
  await say(ada, chatId, 'one');
});
afterAll(() => server?.stop());

/** The log of the server, as another process has it. */
async function openStore(): Promise<EventStore> {
  const { HINDSIGHT_EVENTSTORE_URL: url } = await clusterSettings(server.data);
  if (url === undefined) {
    const { openSqliteEventStore } = await import('../../infra/sqlite/event-store/index.ts');
    return openSqliteEventStore({ file: join(server.data, 'events.db'), clock: Date.now });
  }
  const { openEventStoreDb } = await import('../../infra/eventstoredb/event-store.ts');
  return openEventStoreDb({ url, heartbeat: null });
}

/** Puts an event at the end of a chat, as no command does. Its seq. */
async function plant(to: string, type: string, data: string): Promise<number> {
  const store = await openStore();
  try {
    const stream = `chat-${to}`;
    const [last] = await store.readStream(stream, { direction: 'backwards', limit: 1 });
    const revision = last?.revision ?? -1;
    const id = ulid();
    const metadata = JSON.stringify({ v: 1, actor: ada.userId, at: Date.now(), commandId: id, correlationId: id });
    const event = { eventId: randomUUID(), type, data, metadata };
    expect(await store.append(stream, revision, [event])).toMatchObject({ status: 'appended' });
    return revision + 2;
  } finally {
    await store.close();
  }
}

/** Every reader of the log takes it, but the history: it ends in a fold of a message that is not there. */
const poison = (): Promise<number> =>
  plant(chatId, 'ReactionAdded', JSON.stringify({ messageId: ulid(), messageSeq: 1, rev: 65, emoji: '👍' }));

const parked = async (): Promise<Parked[]> =>
  (await hindsightJson<{ parked: Parked[] }>(server.data, ['parked', 'list'])).parked;
/** As it is, whatever was written before. */
const now = <T>(path: string) => call<Told<T>>(server.http, `/v1${path}`, { token: ada.accessToken });
const texts = async () => (await now<Page>(`/chats/${chatId}/messages`)).body.messages.map(({ text }) => text);

test('a chat is parked: sends and pushes go on, and reads say how far they go', async () => {
  const socket = await live(ben);
  const at = await poison();
  const before = (await now<Page>(`/chats/${chatId}/messages`)).body.position;
  const two = await say(ada, chatId, 'two');
  await say(ada, chatId, 'three');
  await socket.until(isEvent(chatId, at + 2));
  expect(seqsOf(socket, chatId)).toEqual([at, at + 1, at + 2]);
  const place = { view: 'chat-history', key: chatId, waiting: 2 };
  await expect.poll(parked, { timeout: WITHIN_MS }).toMatchObject([place]);
  expect((await parked())[0]?.event).toMatchObject({ revision: at - 1, type: 'ReactionAdded' });

  const lagging = { headSeq: at + 2, since: expect.stringMatching(/Z$/) };
  await expect
    .poll(async () => (await now<Page>(`/chats/${chatId}/messages`)).body, { timeout: WITHIN_MS })
    .toMatchObject({ asOf: { seq: at - 1 }, lagging, position: expect.any(String) });
  expect(await texts()).toEqual(['one']);
  for (const path of ['', '/members', '/receipts']) {
    expect((await now(`/chats/${chatId}${path}`)).body).toMatchObject({ lagging });
  }
  const { chats } = (await now<{ chats: Told<Summary>[] }>('/chats')).body;
  expect(chats.find((chat) => chat.chatId === chatId)).toMatchObject({ lagging });
  const page = await socket.request('history', { chatId });
  expect(page).toMatchObject({ ok: true, asOf: { seq: at - 1 }, lagging });
  expect((await now<Page>(`/chats/${chatId}/events?after=0`)).body).not.toHaveProperty('lagging');

  expect(codeOf(await now(`/chats/${chatId}/messages?minPosition=${encodeURIComponent(two.position)}`))).toBe(
    '503 behind',
  );
  expect(codeOf(await now(`/chats/${chatId}/messages?asOf=${at + 1}`))).toBe('503 behind');
  const held = await now(`/chats/${chatId}/messages?minPosition=${encodeURIComponent(before)}`);
  expect(held.status).toBe(200);

  await ada.delete(`/chats/${chatId}/members/${ben.userId}`);
  await expect
    .poll(async () => (await call(server.http, `/v1/chats/${chatId}`, { token: ben.accessToken })).status)
    .toBe(404);
  await ada.put(`/chats/${chatId}/members/${ben.userId}`, {});
  socket.close();
});

test('it outlives a kill, is tried again, and goes on without the event that was left out', async () => {
  await server.kill();
  server = await startServerProcess({ data: server.data });
  [ada, ben] = await Promise.all([again(server, ada), again(server, ben)]);
  await expect.poll(parked, { timeout: WITHIN_MS }).toMatchObject([{ view: 'chat-history', key: chatId }]);
  const socket = await live(ben);
  const sent = await say(ada, chatId, 'four');
  await socket.until(isEvent(chatId, sent.seq));
  socket.close();
  const verified = await hindsight(server.data, ['projections', 'verify', 'chat-history']);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('but for 1 parked')]);

  const tried = await hindsight(server.data, ['parked', 'retry', 'all', '--reason', 'to see', '--json']);
  expect([tried.code, (JSON.parse(tried.stdout) as Outcome).parked]).toMatchObject([1, [{ key: chatId }]]);
  const skipped = ['parked', 'skip', chatId, '--reason', 'from a broken tool'];
  expect(await hindsightJson<Outcome>(server.data, skipped)).toMatchObject({
    released: [{ view: 'chat-history', key: chatId }],
    parked: [],
    pending: [],
  });
  await expect.poll(texts, { timeout: WITHIN_MS }).toEqual(['one', 'two', 'three', 'four']);
  await expect
    .poll(async () => (await now<Page>(`/chats/${chatId}/messages`)).body, { timeout: WITHIN_MS })
    .not.toHaveProperty('lagging');
  const all = await now<Page>(`/chats/${chatId}/messages?minPosition=${encodeURIComponent(sent.position)}`);
  expect(all.body.asOf.seq).toBe(sent.seq);
  expect(await parked()).toEqual([]);
});

test('what was left out is no difference, and a rebuild leaves it out too', async () => {
  const before = await texts();
  expect((await hindsight(server.data, ['projections', 'verify', 'all'])).code).toBe(0);
  const verified = await hindsightJson(server.data, ['projections', 'verify', 'chat-history']);
  expect(verified).toMatchObject({ differences: [], skipped: [{ reason: 'from a broken tool' }], parked: [] });
  expect((await hindsight(server.data, ['projections', 'rebuild', 'chat-history'])).code).toBe(0);
  await expect.poll(texts, { timeout: WITHIN_MS }).toEqual(before);
  expect(await parked()).toEqual([]);
});

test('an event that nobody can read keeps its place: its chat goes on, and all others are as they were', async () => {
  const damaged = await group(ada, [ben]);
  await say(ada, damaged, 'before');
  const at = await plant(damaged, 'MessageSent', '{"messageId":7}');
  await expect.poll(parked, { timeout: WITHIN_MS }).toMatchObject([{}, {}, {}]);
  const after = await say(ben, damaged, 'after');
  expect(after.seq).toBe(at + 1);

  const { chats } = (await now<{ chats: Told<Summary>[] }>('/chats')).body;
  expect(chats.map((chat) => [chat.chatId, chat.lagging?.headSeq])).toEqual(
    expect.arrayContaining([
      [damaged, after.seq],
      [chatId, undefined],
    ]),
  );
  const { events } = (
    await now<{ events: { seq: number; type: string; data: unknown }[] }>(`/chats/${damaged}/events?after=${at - 2}`)
  ).body;
  expect(events.map(({ seq, type }) => [seq, type])).toEqual([
    [at - 1, 'MessageSent'],
    [at, 'Unreadable'],
    [at + 1, 'MessageSent'],
  ]);
  expect(events[1]?.data).toEqual({});
  const read = await hindsight(server.data, ['events', '--chat', damaged]);
  expect([read.code, read.stdout.trim().split('\n').length]).toEqual([0, after.seq]);
  const socket = await ada.socket();
  expect(await socket.request('sync', { chats: { [damaged]: at - 1, [chatId]: 0 } })).toMatchObject({ ok: true });
  expect(seqsOf(socket, damaged)).toEqual([at, at + 1]);
  expect(seqsOf(socket, chatId).length).toBeGreaterThan(0);
  socket.close();

  expect((await hindsight(server.data, ['parked', 'skip', damaged, '--reason', 'damaged'])).code).toBe(0);
  const path = `/chats/${damaged}/messages?minPosition=${encodeURIComponent(after.position)}`;
  await expect
    .poll(async () => (await now<Page>(path)).body.messages?.map(({ text }) => text), { timeout: WITHIN_MS })
    .toEqual(['before', 'after']);
  expect((await hindsight(server.data, ['projections', 'verify', 'all'])).code).toBe(0);
});
