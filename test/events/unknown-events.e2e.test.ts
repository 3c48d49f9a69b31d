import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatStream } from '../../events/streams.ts';
import { openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { call, signIn, signUp } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/** A log in which a younger version has written: a type, a version and fields that this one has never heard of. */
const YOUNGER = { messageSeq: 2, colour: 'red', words: { enc: 'plain', text: 'kept' } };
let server: ServerProcess;
let chatId = '';
let head = '';

interface Event {
  seq: number;
  type: string;
  v: number;
  data: object;
}

beforeAll(async () => {
  const before = await startServerProcess();
  const mara = await signUp(before.http, 'mara');
  const { accessToken: token, userId } = mara;
  const made = await call<{ chatId: string }>(before.http, '/v1/chats', {
    token,
    body: { kind: 'group', title: 'Owls', members: [] },
  });
  chatId = made.body.chatId;
  await call(before.http, `/v1/chats/${chatId}/messages`, { token, body: { text: 'one' } });
  await before.stop();

  const store = await openSqliteEventStore({ file: join(before.data, 'events.db') });
  const [last] = await store.readStream(chatStream(chatId), { direction: 'backwards', limit: 1 });
  const metadata = {
    ...(JSON.parse(last?.metadata ?? '') as object),
    v: 3,
    actor: userId,
    commandId: '01HQ3ZVXR0KKKKKKKKKKKKKKKK',
  };
  const event = {
    eventId: deterministicUuid('test', 'younger'),
    type: 'MessagePinned',
    data: JSON.stringify(YOUNGER),
    metadata: JSON.stringify(metadata),
  };
  expect(await store.append(chatStream(chatId), 1, [event])).toMatchObject({ status: 'appended', revision: 2 });
  await store.close();
  server = await startServerProcess({ data: before.data });
});
afterAll(() => server?.stop());

test('an event of a type that nobody here knows is delivered, gives no gap and stops nothing', async () => {
  const { accessToken: token } = await signIn(server.http, 'mara');
  const sent = await call<{ seq: number; position: string }>(server.http, `/v1/chats/${chatId}/messages`, {
    token,
    body: { text: 'two' },
  });
  expect(sent).toMatchObject({ status: 201, body: { seq: 4 } });
  head = sent.body.position;

  const { body } = await call<{ events: Event[] }>(server.http, `/v1/chats/${chatId}/events?minPosition=${head}`, {
    token,
  });
  expect(body.events.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'ChatStarted'],
    [2, 'MessageSent'],
    [3, 'MessagePinned'],
    [4, 'MessageSent'],
  ]);
  expect(body.events[2]).toMatchObject({ v: 3, data: YOUNGER });
});

test('every view has gone past it', async () => {
  const { accessToken: token } = await signIn(server.http, 'mara');
  const messages = await call(server.http, `/v1/chats/${chatId}/messages?minPosition=${head}`, { token });
  expect(messages.body).toMatchObject({
    asOf: { seq: 4 },
    messages: [
      { text: 'one', number: 1 },
      { text: 'two', number: 2 },
    ],
  });
  const chats = await call(server.http, `/v1/chats?minPosition=${head}`, { token });
  expect(chats.body).toMatchObject({ chats: [{ headSeq: 4, lastMessage: { text: 'two' } }] });
});

test('the operator hears of it, with its type', async () => {
  expect(server.output()).toContain('unknown-event');
  const metrics = await (await fetch(`${server.http}/metrics`)).text();
  expect(metrics).toMatch(/^hindsight_events_unknown_total\{type="\w+"\} 1$/m);
  expect(server.output()).toContain('MessagePinned');
});
