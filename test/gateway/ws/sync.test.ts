import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ANN, BOB, CID, DEE, GROUP, type Loose, user } from '../../support/commands.ts';
import type { Frame, TestSocket } from '../../support/protocol-client.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();

/** What a client was told of chats, shortly: `event 3`, `synced 5`, `resync new 5`, `gone`. */
function told(socket: TestSocket, chatId: string): string[] {
  return socket.frames
    .filter((frame) => frame['chatId'] === chatId && frame['ev'] !== 'receipt')
    .map(({ ev, seq, reason, headSeq, type, throughSeq }) => {
      if (ev === 'event')
        return type === 'Hidden' ? `hidden ${String(seq)}-${String(throughSeq)}` : `event ${String(seq)}`;
      if (ev === 'resync') return `resync ${String(reason)} ${String(headSeq)}`;
      return ev === 'gone' ? 'gone' : `${String(ev)} ${String(seq)}`;
    });
}

describe.each(adapters)('sync on $adapter', (adapter) => {
  let w: GatewayWorld;
  beforeEach(async () => {
    w = await startWorld({ adapter });
    await start({ members: [BOB, CID] });
  });
  afterEach(() => w.close());

  const start = (more: { chatId?: string; members: string[]; historyVisibility?: 'all' | 'since-join' }) =>
    w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', ...more });
  const say = (text: string, chatId = GROUP) => w.say(ANN, { type: 'send', actor: ANN, chatId, text } as Loose);
  const event = (socket: TestSocket, seq: number, chatId = GROUP): Promise<Frame> =>
    socket.until((frame) => frame['ev'] === 'event' && frame['chatId'] === chatId && frame['seq'] === seq);

  test('nothing of a chat is pushed before the first sync; from then on each seq once: the missed, `synced`, the live', async () => {
    const bob = await w.open(BOB);
    for (const text of ['a', 'b', 'c']) await say(text);
    const answer = await bob.request('sync', { chats: { [GROUP]: 2 } });
    expect(answer).toMatchObject({ ok: true, caughtUp: true, position: expect.stringMatching(/^e1-/) });
    await say('d');
    await event(bob, 5);
    expect(told(bob, GROUP)).toEqual(['event 3', 'event 4', 'synced 4', 'event 5']);
    expect(bob.frames.find(({ seq }) => seq === 3)).toMatchObject({
      ev: 'event',
      type: 'MessageSent',
      data: { text: 'b' },
    });
  });

  test('a chat without news is said nothing of, and live at once', async () => {
    const bob = await w.open(BOB);
    await bob.request('sync', { chats: { [GROUP]: 1 } });
    await say('a');
    await event(bob, 2);
    expect(told(bob, GROUP)).toEqual(['event 2']);
  });

  test('chats come newest first', async () => {
    const [second, third] = [user(31), user(32)];
    await start({ chatId: second, members: [BOB] });
    await start({ chatId: third, members: [BOB] });
    await say('newest');
    await say('older', second);
    await say('newest', GROUP);
    const bob = await w.open(BOB);
    await bob.request('sync', { chats: { [GROUP]: 0, [second]: 0, [third]: 0 } });
    expect(bob.frames.filter(({ ev }) => ev === 'synced').map(({ chatId }) => chatId)).toEqual([GROUP, second, third]);
  });

  test('a sync in several calls: `new` and `caughtUp` belong to the last', async () => {
    const [second, third] = [user(31), user(32)];
    await start({ chatId: second, members: [BOB] });
    await start({ chatId: third, members: [BOB] });
    const bob = await w.open(BOB);
    const first = await bob.request('sync', { chats: { [GROUP]: 0 }, more: true });
    expect(first).not.toHaveProperty('caughtUp');
    expect(bob.frames.some(({ ev }) => ev === 'resync')).toBe(false);
    expect(await bob.request('sync', { chats: { [second]: 0 } })).toMatchObject({ caughtUp: true });
    expect([told(bob, GROUP), told(bob, second), told(bob, third)]).toEqual([
      ['event 1', 'synced 1'],
      ['event 1', 'synced 1'],
      ['resync new 1'],
    ]);
  });

  test('after a resync nothing of that chat is pushed until it is synced', async () => {
    const bob = await w.open(BOB);
    await bob.request('sync', { chats: {} });
    await say('unseen');
    await say('unseen');
    await bob.request('sync', { chats: { [GROUP]: 1 } });
    await say('seen');
    await event(bob, 4);
    expect(told(bob, GROUP)).toEqual(['resync new 1', 'event 2', 'event 3', 'synced 3', 'event 4']);
  });

  test('more than the limit is far behind', async () => {
    for (let i = 0; i < 6; i++) await say(`m${i}`);
    const bob = await w.open(BOB);
    await bob.request('sync', { chats: { [GROUP]: 1 }, limit: 5 });
    expect(told(bob, GROUP)).toEqual(['resync far-behind 7']);
    await bob.request('sync', { chats: { [GROUP]: 2 }, limit: 5 });
    expect(told(bob, GROUP).at(-1)).toBe('synced 7');
  });

  test('a chat that is not mine is gone, whether it exists or not', async () => {
    const dee = await w.open(DEE);
    await dee.request('sync', { chats: { [GROUP]: 3, [user(77)]: 1 } });
    expect(dee.frames.slice(1)).toEqual([
      { ev: 'gone', chatId: GROUP },
      { ev: 'gone', chatId: user(77) },
    ]);
  });

  test('a seq above the head, and a position of another epoch, mean that the log was restored', async () => {
    const bob = await w.open(BOB);
    await bob.request('sync', { chats: { [GROUP]: 99 } });
    expect(told(bob, GROUP)).toEqual(['resync epoch 1']);
    expect(await bob.request('sync', { since: 'other-1' })).toMatchObject({ ok: true, caughtUp: true });
    expect(bob.frames.at(-1)).toEqual({ ev: 'resync', all: true, reason: 'epoch' });
    await bob.request('sync', { since: `e1-${(9_999).toString(36)}` });
    expect(bob.frames.filter(({ all }) => all === true)).toHaveLength(2);
  });

  test('since a position: what came after it in every chat, then live', async () => {
    const second = user(31);
    await start({ chatId: second, members: [BOB] });
    await say('before');
    const bob = await w.open(BOB);
    const since = bob.frames[0]?.['position'];
    for (const text of ['a', 'b', 'c', 'd', 'e']) await say(text);
    await say('other', second);
    await bob.request('sync', { since });
    await say('live');
    await event(bob, 8);
    expect(told(bob, GROUP)).toEqual(['event 3', 'event 4', 'event 5', 'event 6', 'event 7', 'synced 7', 'event 8']);
    expect(told(bob, second)).toEqual(['event 2', 'synced 2']);
  });

  test('what was pushed on a socket does not come again with a second sync', async () => {
    const bob = await w.follow(BOB);
    await say('a');
    await event(bob, 2);
    await bob.request('sync', { chats: { [GROUP]: 0 } });
    await say('b');
    await event(bob, 3);
    expect(told(bob, GROUP)).toEqual(['event 2', 'event 3']);
  });

  test('two sockets of a user have their own state', async () => {
    const [one, two] = [await w.follow(BOB), await w.open(BOB)];
    await say('a');
    await event(one, 2);
    expect(told(two, GROUP)).toEqual([]);
    await two.request('sync', { chats: { [GROUP]: 0 } });
    expect(told(two, GROUP)).toEqual(['event 1', 'event 2', 'synced 2']);
  });

  test('a client that knows more than the views waits for them instead of being told of a restore', async () => {
    w.hold();
    const bob = await w.open(BOB);
    const { seq } = await say('fresh');
    const syncing = bob.request('sync', { chats: { [GROUP]: seq } });
    w.release();
    expect(await syncing).toMatchObject({ ok: true, caughtUp: true });
    await say('next');
    await event(bob, 3);
    expect(told(bob, GROUP)).toEqual(['event 3']);
  });

  test('a backlog goes on while live events of other chats are pushed, and live ones of its own wait for it', async () => {
    for (let i = 0; i < 450; i++) await say(`m${i}`);
    const bob = await w.open(BOB);
    const syncing = bob.request('sync', { chats: { [GROUP]: 1 } });
    await say('in between');
    await syncing;
    await event(bob, 452);
    const seqs = bob.frames.filter(({ ev }) => ev === 'event').map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 451 }, (_, i) => i + 2));
  });

  describe('coming and going', () => {
    test('who is added gets live events from that event on; who is removed gets it as the last push', async () => {
      const dee = await w.follow(DEE);
      await say('before');
      await w.say(ANN, { type: 'put-member', actor: ANN, userId: DEE });
      await say('during');
      await event(dee, 4);
      await w.say(ANN, { type: 'remove-member', actor: ANN, userId: DEE });
      await say('after');
      await w.say(ANN, { type: 'put-member', actor: ANN, userId: DEE });
      await event(dee, 7);
      expect(told(dee, GROUP)).toEqual(['event 3', 'event 4', 'event 5', 'event 7']);
    });

    test('a new chat is pushed from its first event on', async () => {
      const dee = await w.follow(DEE);
      const chatId = user(33);
      await start({ chatId, members: [DEE] });
      await say('hello', chatId);
      await event(dee, 2, chatId);
      expect(told(dee, chatId)).toEqual(['event 1', 'event 2']);
    });

    test('in a chat with history since joining, what is older stays hidden, live as in a backlog', async () => {
      const chatId = user(34);
      await start({ chatId, members: [BOB], historyVisibility: 'since-join' });
      const old = w.world.id();
      await w.say(ANN, { type: 'send', actor: ANN, chatId, text: 'old', commandId: old });
      const dee = await w.follow(DEE);
      await w.say(ANN, { type: 'put-member', actor: ANN, userId: DEE, chatId });
      await w.say(ANN, { type: 'edit', actor: ANN, chatId, messageId: old, text: 'still old' });
      await w.say(ANN, { type: 'react', actor: ANN, chatId, messageId: old, emoji: '👍' });
      await w.say(ANN, { type: 'send', actor: ANN, chatId, text: 'answer', replyTo: old });
      const live = await event(dee, 6, chatId);
      expect(live).toMatchObject({ data: { text: 'answer', replyTo: null } });
      const shown = told(dee, chatId);
      expect(shown.at(0)).toBe('event 3');
      expect(shown.at(-1)).toBe('event 6');
      expect(shown.slice(1, -1).join()).toMatch(/^(hidden 4-4,hidden 5-5|hidden 4-5)$/);
      const later = await w.open(DEE);
      await later.request('sync', { chats: { [chatId]: 0 } });
      expect(told(later, chatId)).toEqual(['event 3', 'hidden 4-5', 'event 6', 'synced 6']);
      expect(JSON.stringify([...dee.frames, ...later.frames])).not.toContain('still old');
    });

    test('who is removed in the midst of a backlog is told so', async () => {
      for (let i = 0; i < 20; i++) await say(`m${i}`);
      const bob = await w.open(BOB);
      w.hold();
      const syncing = bob.request('sync', { chats: { [GROUP]: 30 } });
      await w.say(ANN, { type: 'remove-member', actor: ANN, userId: BOB });
      w.release();
      await syncing;
      await say('secret');
      await bob.request('sync', { chats: { [GROUP]: 30 } });
      expect(told(bob, GROUP).at(-1)).toBe('gone');
      expect(JSON.stringify(bob.frames)).not.toContain('secret');
    });
  });
});

test.each(adapters)(
  'a sync whose turn comes after its socket has closed follows nothing, on $adapter',
  async (adapter) => {
    let asked = 0;
    let letThrough: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const w = await startWorld({
      adapter,
      wrapQueries: (queries) => ({
        ...queries,
        async subscriptions(...args) {
          asked++;
          await held;
          return queries.subscriptions(...args);
        },
      }),
    });
    const bob = await w.open(BOB);
    const syncs = [bob.request('sync', { chats: {} }), bob.request('sync', { chats: {} })];
    for (const sync of syncs) sync.catch(() => undefined);
    await vi.waitUntil(() => asked === 1 && w.gateway.counters.framesIn === 2);
    bob.close();
    await vi.waitUntil(() => w.gateway.counters.connections === 0);
    letThrough();
    await vi.waitUntil(() => w.gateway.counters.errors['unavailable'] === 2);
    expect(asked).toBe(2);
    await w.close();
  },
);
