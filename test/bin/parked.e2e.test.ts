import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chatStream } from '../../events/streams.ts';
import type { ParkedChat, ParkedOutcome } from '../../gateway/http/ops/parked/port.ts';
import { openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { createUlidFactory } from '../../infra/system/ids.ts';
import { hindsight, hindsightJson } from '../support/cli.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts';

const PASSWORD = 'correct horse battery';
const WITHIN_MS = 20_000;
const ulid = createUlidFactory(Date.now);

let server: ServerProcess;
let token: string;
let chatId: string;

beforeAll(async () => {
  server = await startServerProcess();
  const { data } = server;
  await hindsight(['user', 'create', 'ada', '--password-stdin'], { data, stdin: PASSWORD });
  const day = join(temporaryFolder(), '2004-12-25.txt');
  writeFileSync(day, '[09:14] <bob> one\n[09:15] <amy> two\n');
  const imported = ['import', 'irc', '--chat', '#test', '--member', 'ada', day];
  chatId = (await hindsightJson<{ chatId: string }>(imported, { data })).chatId;
  await signIn();
});
afterAll(() => server.stop());

async function signIn(): Promise<void> {
  const session = await call<{ accessToken: string }>('POST', '/sessions', { username: 'ada', password: PASSWORD });
  token = session.accessToken;
}
async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${server.http}/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}
const say = (text: string) => call<{ seq: number; position: string }>('POST', `/chats/${chatId}/messages`, { text });

/** Every reader of the log takes it, but the history: a fold of a message that is not there. */
async function poison(): Promise<number> {
  const store = await openSqliteEventStore({ file: join(server.data, 'events.db'), clock: Date.now });
  try {
    const [last] = await store.readStream(chatStream(chatId), { direction: 'backwards', limit: 1 });
    const revision = last?.revision ?? -1;
    const id = ulid();
    const metadata = { v: 1, actor: id, at: Date.now(), commandId: id, correlationId: id };
    const data = { messageId: id, messageSeq: revision + 100, rev: 65, emoji: '👍' };
    const event = {
      eventId: randomUUID(),
      type: 'ReactionAdded',
      data: JSON.stringify(data),
      metadata: JSON.stringify(metadata),
    };
    expect(await store.append(chatStream(chatId), revision, [event])).toMatchObject({ status: 'appended' });
    return revision + 1;
  } finally {
    await store.close();
  }
}
const parked = async (): Promise<ParkedChat[]> =>
  (await hindsightJson<{ parked: ParkedChat[] }>(['parked', 'list'], { data: server.data })).parked;
const texts = async () =>
  (await call<{ messages: { text: string }[] }>('GET', `/chats/${chatId}/messages`)).messages.map(({ text }) => text);

it('parks a chat beside a running server, tries it again, and outlives a kill', async () => {
  const { data } = server;
  const revision = await poison();
  await say('three');
  await say('four');
  const place = { view: 'chat-history', key: chatId, waiting: 2 };
  await expect.poll(parked, { timeout: WITHIN_MS }).toMatchObject([place]);
  expect((await parked())[0]).toMatchObject({ event: { stream: chatStream(chatId), revision, type: 'ReactionAdded' } });
  expect(await texts()).toEqual(['one', 'two']);
  const metrics = await (await fetch(`${server.http}/metrics`)).text();
  expect(metrics).toContain('hindsight_parked_chats{group="chat-history"} 1');
  expect(metrics).toContain('hindsight_parked_events{group="chat-history"} 3');
  expect((await fetch(`${server.http}/readyz`)).status).toBe(200);
  const tried = await hindsight(['parked', 'retry', 'all', '--reason', 'to see', '--json'], { data });
  expect(tried.code).toBe(1);
  expect((JSON.parse(tried.stdout) as ParkedOutcome).parked).toMatchObject([place]);
  await server.kill();
  server = await startServerProcess({ data });
  await signIn();
  expect(await parked()).toMatchObject([place]);
  await say('five');
  await expect.poll(parked, { timeout: WITHIN_MS }).toMatchObject([{ ...place, waiting: 3 }]);
});

it('leaves the event out for ever, and says so', async () => {
  const { data } = server;
  expect((await hindsight(['parked', 'skip', chatId], { data })).code).toBe(2);
  const skipped = ['parked', 'skip', chatId, '--reason', 'from a broken tool'];
  expect(await hindsightJson<ParkedOutcome>(skipped, { data })).toMatchObject({
    released: [{ view: 'chat-history', key: chatId }],
    parked: [],
    pending: [],
  });
  expect(await texts()).toEqual(['one', 'two', 'three', 'four', 'five']);
  expect(await parked()).toEqual([]);
  expect((await hindsight(['parked', 'retry', chatId, '--json'], { data })).code).toBe(1);
  expect((await hindsight(['projections', 'verify', 'all'], { data })).code).toBe(0);
  const { entries } = await hindsightJson<{ entries: { type: string; data: Record<string, unknown> }[] }>(
    ['ops', 'log', '--area', 'parked'],
    { data },
  );
  expect(entries.map(({ type, data: { action, outcome } }) => [type, action, outcome])).toEqual([
    ['OperatorActed', 'retry', 'asked'],
    ['OperatorActed', 'retry', 'failed'],
    ['OperatorActed', 'skip', 'asked'],
    ['EventSkipped', undefined, undefined],
    ['OperatorActed', 'skip', 'done'],
    ['OperatorActed', 'retry', 'asked'],
    ['OperatorActed', 'retry', 'not-found'],
  ]);
  expect(entries[3]?.data).toMatchObject({ views: ['chat-history'], reason: 'from a broken tool' });
});

it('does the same without a server, and where the views are built afresh', async () => {
  const { data } = server;
  await poison();
  await say('six');
  await server.stop();
  for (const end of ['', '-wal', '-shm']) rmSync(join(data, `views.db${end}`), { force: true });
  expect(await parked()).toMatchObject([{ view: 'chat-history', waiting: 1 }]);
  expect((await hindsight(['parked', 'retry', 'all', '--view', 'chat-history'], { data })).code).toBe(1);
  const skipped = await hindsight(['parked', 'skip', chatId, '--reason', 'once more'], { data });
  expect(skipped).toMatchObject({ code: 0, stdout: expect.stringContaining('goes on, with 1 events that waited') });
  expect((await hindsight(['projections', 'verify', 'all'], { data })).code).toBe(0);
  server = await startServerProcess({ data });
  await signIn();
  expect((await texts()).at(-1)).toBe('six');
});
