import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANN, BOB, CID, GROUP, user } from '../../support/commands.ts';
import type { Frame, TestSocket } from '../../support/protocol-client.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();

describe.each(adapters)('ops on $adapter', (adapter) => {
  let w: GatewayWorld;
  let ann: TestSocket;
  beforeEach(async () => {
    w = await startWorld({ adapter });
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB, CID] });
    ann = await w.follow(ANN);
  });
  afterEach(() => w.close());

  const code = (answer: Frame): unknown => (answer['error'] as { code: string }).code;
  const ofType = (socket: TestSocket, type: string): Promise<Frame> => socket.until((frame) => frame['type'] === type);

  test('edit, delete, react and unreact change what was sent, and repeats are answered as at first', async () => {
    const messageId = w.world.id();
    const first = await ann.request('send', { chatId: GROUP, messageId, text: 'one' });
    const again = await ann.request('send', { chatId: GROUP, messageId, text: 'one' });
    expect(again).toMatchObject({ ok: true, seq: first['seq'], at: first['at'], messageId });
    const about = { chatId: GROUP, messageId };
    expect(await ann.request('edit', { ...about, text: 'two' })).toMatchObject({ ok: true, seq: 3, changed: true });
    expect(await ann.request('edit', { ...about, text: 'two' })).toMatchObject({ ok: true, seq: 3, changed: false });
    expect(await ann.request('react', { ...about, emoji: '👍' })).toMatchObject({ ok: true, seq: 4 });
    expect(await ann.request('unreact', { ...about, emoji: '👍' })).toMatchObject({ ok: true, seq: 5 });
    expect(await ann.request('delete', { ...about, commandId: w.world.id() })).toMatchObject({ ok: true, seq: 6 });
    await ofType(ann, 'MessageDeleted');
    const types = ann.frames.filter(({ ev }) => ev === 'event').map(({ seq, type }) => [seq, type]);
    expect(types).toEqual([
      [2, 'MessageSent'],
      [3, 'MessageEdited'],
      [4, 'ReactionAdded'],
      [5, 'ReactionRemoved'],
      [6, 'MessageDeleted'],
    ]);
  });

  test('refusals carry the code of the contract and whether to try again', async () => {
    expect(await ann.request('send', { chatId: user(7), text: 'x' })).toMatchObject({
      ok: false,
      error: { code: 'chat-not-found', retryable: false },
    });
    expect(code(await ann.request('edit', { chatId: GROUP, messageId: w.world.id(), text: 'x' }))).toBe(
      'message-not-found',
    );
    expect(code(await ann.request('send', { chatId: GROUP, text: 'x', colour: 'red' }))).toBe('bad-request');
    expect(code(await ann.request('send', { chatId: 'nonsense', text: 'x' }))).toBe('bad-request');
    expect(code(await ann.request('fly'))).toBe('bad-request');
  });

  test('commands of one connection to one chat are decided in the order received', async () => {
    const texts = Array.from({ length: 100 }, (_, i) => `m${i}`);
    const answers = await Promise.all(texts.map((text) => ann.request('send', { chatId: GROUP, text })));
    expect(answers.map(({ seq }) => seq)).toEqual(texts.map((_, i) => i + 2));
    await ann.until(({ seq, ev }) => ev === 'event' && seq === 101);
    const sent = ann.frames.filter(({ ev }) => ev === 'event').map(({ data }) => (data as { text: string }).text);
    expect(sent).toEqual(texts);
  });

  test('a receipt is pushed to the members; one that says nothing new is not', async () => {
    const bob = await w.follow(BOB);
    await ann.request('send', { chatId: GROUP, text: 'read me' });
    expect(await bob.request('delivered', { chatId: GROUP, seq: 2 })).toMatchObject({ ok: true });
    expect(await bob.request('read', { chatId: GROUP, seq: 2 })).toMatchObject({ ok: true });
    const receipt = await ann.until(({ ev, readSeq, userId }) => ev === 'receipt' && readSeq === 2 && userId === BOB);
    expect(receipt).toEqual({ ev: 'receipt', chatId: GROUP, userId: BOB, readSeq: 2, deliveredSeq: 2 });
    const before = ann.frames.length;
    await bob.request('read', { chatId: GROUP, seq: 1 });
    await bob.request('send', { chatId: GROUP, text: 'after' });
    await ann.until(({ seq, ev }) => ev === 'event' && seq === 3);
    expect(ann.frames.slice(before).filter(({ ev, userId }) => ev === 'receipt' && userId === BOB)).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ readSeq: 1 })]),
    );
  });

  test('chats and history have the bodies of HTTP, at now and as of a point', async () => {
    await ann.request('send', { chatId: GROUP, text: 'old' });
    const sent = await ann.request('send', { chatId: GROUP, text: 'new' });
    const minPosition = sent['position'];
    const chats = await ann.request('chats', { minPosition });
    expect(chats).toMatchObject({ ok: true, chats: [{ chatId: GROUP, headSeq: 3, lastMessage: { text: 'new' } }] });
    const now = await ann.request('history', { chatId: GROUP, minPosition });
    expect((now['messages'] as Frame[]).map(({ text }) => text)).toEqual(['old', 'new']);
    const then = await ann.request('history', { chatId: GROUP, asOf: 2 });
    expect(then).toMatchObject({ asOf: { seq: 2 }, messages: [{ text: 'old' }] });
    expect(code(await ann.request('history', { chatId: GROUP, asOf: 99 }))).toBe('as-of-unknown');
    expect(code(await ann.request('history', { chatId: GROUP, before: 3, after: 1 }))).toBe('bad-request');
  });

  test('a read that may not answer from before a position says behind when the views do not come', async () => {
    w.hold();
    const sent = await ann.request('send', { chatId: GROUP, text: 'x' });
    const answer = await ann.request('chats', { minPosition: sent['position'] });
    expect(answer).toMatchObject({ ok: false, error: { code: 'behind', retryable: true } });
    w.release();
    expect(await ann.request('chats', { minPosition: sent['position'] })).toMatchObject({ ok: true });
  });

  test('ping tells the time; an id is a string or an integer and comes back as it was', async () => {
    ann.sendRaw(JSON.stringify({ id: 7, op: 'ping' }));
    const answer = await ann.until(({ id }) => id === 7);
    expect(answer).toMatchObject({ id: 7, ok: true, at: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  test('welcome tells who, since when, until when and within which limits', async () => {
    const socket = await w.open(BOB, { sessionId: 'bobs' });
    expect(socket.frames[0]).toMatchObject({
      ev: 'welcome',
      sessionId: 'bobs',
      userId: BOB,
      epoch: 'e1',
      heartbeatMs: 30_000,
      position: expect.stringMatching(/^e1-/),
      at: expect.any(String),
      expiresAt: expect.any(String),
      limits: { frameBytes: 65_536 },
    });
  });
});
