import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { directChatId } from '../../../events/ids.ts';
import { PRESENCE_MAX_MEMBERS, PRESENCE_USERS_MAX } from '../../../gateway/presence/limits.ts';
import { ANN, BOB, CID, DEE, EVE, GROUP, user } from '../../support/commands.ts';
import type { Frame, TestSocket } from '../../support/protocol-client.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();
const LARGE = user(31);
const CROWD = Array.from({ length: PRESENCE_MAX_MEMBERS - 2 }, (_, i) => user(i + 200));
const WAIT = { timeout: 10_000, interval: 5 };

describe.each(adapters)('who is there, on $adapter', (adapter) => {
  let w: GatewayWorld;
  beforeEach(async () => {
    w = await startWorld({ adapter, users: CROWD });
    await start(GROUP, [BOB, CID]);
  });
  afterEach(() => w.close());

  const start = (chatId: string, members: string[]) =>
    w.say(ANN, { type: 'start-chat', actor: ANN, chatId, kind: 'group', title: 'g', members });
  const remove = (userId: string, chatId = GROUP) => w.say(ANN, { type: 'remove-member', actor: ANN, chatId, userId });
  const add = (userId: string, chatId = GROUP) => w.say(ANN, { type: 'put-member', actor: ANN, chatId, userId });
  const ask = (socket: TestSocket, ...userIds: string[]): Promise<Frame> => socket.request('presence', { userIds });
  const told = (socket: TestSocket): string[] =>
    socket.frames
      .filter(({ ev }) => ev === 'presence')
      .map(({ userId, online }) => `${NAMES.get(String(userId))} ${online ? 'on' : 'off'}`);
  const until = (socket: TestSocket, ...expected: string[]): Promise<void> =>
    vi.waitFor(() => expect(told(socket)).toEqual(expected), WAIT);

  describe('presence', () => {
    test('answers who of the asked is online, and pushes what changes', async () => {
      const [ann] = [await w.open(ANN), await w.open(BOB)];
      expect(await ask(ann, BOB, CID, ANN)).toMatchObject({
        ok: true,
        online: { [BOB]: true, [CID]: false, [ANN]: true },
      });
      const cid = await w.open(CID);
      await until(ann, 'Cid on');
      cid.close();
      await until(ann, 'Cid on', 'Cid off');
    });

    test('strangers are offline and stay so, whatever they do', async () => {
      const [ann, dee] = [await w.open(ANN), await w.open(DEE)];
      expect(await ask(ann, DEE, user(77), BOB)).toMatchObject({
        online: { [DEE]: false, [user(77)]: false, [BOB]: false },
      });
      dee.close();
      await dee.closed;
      await w.open(EVE);
      await w.open(DEE);
      await w.open(BOB);
      await until(ann, 'Bob on');
    });

    test('a new list replaces the old one; an empty one ends it', async () => {
      const ann = await w.open(ANN);
      await ask(ann, BOB);
      await ask(ann, CID);
      await w.open(BOB);
      const cid = await w.open(CID);
      await until(ann, 'Cid on');
      expect(await ask(ann)).toMatchObject({ ok: true, online: {} });
      cid.close();
      await cid.closed;
      await w.open(CID);
      expect(await ask(ann, BOB, CID)).toMatchObject({ online: { [BOB]: true, [CID]: true } });
      expect(told(ann)).toEqual(['Cid on']);
    });

    test('who comes back at once was never away, and of several sockets the last one counts', async () => {
      const [ann, bob] = [await w.open(ANN), await w.open(BOB)];
      const second = await w.open(BOB);
      await ask(ann, BOB, CID);
      bob.close();
      await bob.closed;
      second.cut();
      await vi.waitUntil(() => w.gateway.counters.connections === 1, WAIT);
      await w.open(BOB);
      const cid = await w.open(CID);
      cid.close();
      await until(ann, 'Cid on', 'Cid off');
    });

    test('a list is bounded, and its members must be users', async () => {
      const ann = await w.open(ANN);
      const ids = Array.from({ length: PRESENCE_USERS_MAX + 1 }, (_, i) => user(i + 1_000));
      expect(await ask(ann, ...ids)).toMatchObject({ ok: false, error: { code: 'bad-request' } });
      expect(await ask(ann, 'bob')).toMatchObject({ ok: false, error: { code: 'bad-request' } });
      expect(await ask(ann, ...ids.slice(1))).toMatchObject({ ok: true });
    });

    test('a direct chat is enough', async () => {
      await w.say(ANN, {
        type: 'start-chat',
        actor: ANN,
        chatId: directChatId(ANN, DEE),
        kind: 'direct',
        members: [DEE],
      });
      const [ann] = [await w.open(ANN), await w.open(DEE)];
      expect(await ask(ann, DEE)).toMatchObject({ online: { [DEE]: true } });
    });

    test('leaving ends it, with a last word before the leaving is pushed', async () => {
      const [ann, bob] = [await w.follow(ANN), await w.open(BOB)];
      await ask(ann, BOB);
      await remove(BOB);
      await ann.until(({ type }) => type === 'MemberRemoved');
      const order = ann.frames.filter(({ ev }) => ev !== 'welcome').map(({ ev, type }) => type ?? ev);
      expect(order).toEqual(['presence', 'MemberRemoved']);
      bob.close();
      await bob.closed;
      await w.open(BOB);
      expect(await ask(ann, BOB)).toMatchObject({ online: { [BOB]: false } });
      expect(told(ann)).toEqual(['Bob off']);
    });

    test('who leaves sees nobody any more', async () => {
      const [bob, cid] = [await w.open(BOB), await w.open(CID)];
      expect(await ask(bob, CID)).toMatchObject({ online: { [CID]: true } });
      await remove(BOB);
      await until(bob, 'Cid off');
      cid.close();
      await cid.closed;
      await w.open(CID);
      expect(await ask(bob, CID)).toMatchObject({ online: { [CID]: false } });
      expect(told(bob)).toEqual(['Cid off']);
    });

    test('who is still in another chat with one stays visible', async () => {
      await start(user(32), [BOB]);
      const [ann] = [await w.follow(ANN), await w.open(BOB)];
      await ask(ann, BOB);
      await remove(BOB);
      await ann.until(({ type }) => type === 'MemberRemoved');
      expect(told(ann)).toEqual([]);
      await remove(BOB, user(32));
      await until(ann, 'Bob off');
    });

    test('coming begins it, for both', async () => {
      const [ann, dee] = [await w.open(ANN), await w.open(DEE)];
      await Promise.all([ask(ann, DEE), ask(dee, ANN)]);
      await add(DEE);
      await Promise.all([until(ann, 'Dee on'), until(dee, 'Ann on')]);
    });

    test('a chat that is too large does not count until it is small again', async () => {
      await start(LARGE, [...CROWD, DEE]);
      const [ann, dee] = [await w.open(ANN), await w.open(DEE)];
      expect(await ask(ann, DEE)).toMatchObject({ online: { [DEE]: true } });
      await add(EVE, LARGE);
      await until(ann, 'Dee off');
      expect(await ask(dee, ANN)).toMatchObject({ online: { [ANN]: false } });
      await remove(EVE, LARGE);
      await Promise.all([until(ann, 'Dee off', 'Dee on'), until(dee, 'Ann on')]);
    });

    test('views that lag are waited for, then said to be behind', async () => {
      const ann = await w.follow(ANN);
      w.hold();
      await w.say(ANN, { type: 'send', actor: ANN, text: 'x' });
      await ann.until(({ type }) => type === 'MessageSent');
      expect(await ask(ann, BOB)).toMatchObject({ ok: false, error: { code: 'behind', retryable: true } });
      w.release();
      expect(await ask(ann, BOB)).toMatchObject({ ok: true });
    });
  });

  describe('typing', () => {
    const typing = (socket: TestSocket): Frame[] => socket.frames.filter(({ ev }) => ev === 'typing');

    test('is told to the others in the chat, and to nobody else', async () => {
      const [ann, other, bob, cid, dee] = await Promise.all([ANN, ANN, BOB, CID, DEE].map((who) => w.follow(who)));
      expect(await ann?.request('typing', { chatId: GROUP })).toMatchObject({ ok: true });
      for (const socket of [bob, cid])
        expect(await socket?.until(({ ev }) => ev === 'typing')).toEqual({ ev: 'typing', chatId: GROUP, userId: ANN });
      for (const socket of [ann, other, dee]) expect(typing(socket as TestSocket)).toEqual([]);
    });

    test('by strangers is refused, as is anything about a chat that is not theirs', async () => {
      const [dee, bob] = [await w.follow(DEE), await w.follow(BOB)];
      for (const chatId of [GROUP, user(77)])
        expect(await dee.request('typing', { chatId })).toMatchObject({ ok: false, error: { code: 'chat-not-found' } });
      expect(await dee.request('typing', {})).toMatchObject({ ok: false, error: { code: 'bad-request' } });
      expect(typing(bob)).toEqual([]);
    });

    test('ends with the membership, of the one who types and of those who are told', async () => {
      const [bob, cid] = [await w.follow(BOB), await w.follow(CID)];
      await remove(BOB);
      await cid.until(({ type }) => type === 'MemberRemoved');
      await cid.request('typing', { chatId: GROUP });
      expect(await bob.request('typing', { chatId: GROUP })).toMatchObject({ ok: false });
      expect([typing(bob), typing(cid)]).toEqual([[], []]);
    });

    test('in a large chat is told to nobody', async () => {
      await start(LARGE, [...CROWD, BOB, CID]);
      const [ann, bob] = [await w.follow(ANN), await w.follow(BOB)];
      expect(await ann.request('typing', { chatId: LARGE })).toMatchObject({ ok: true });
      await ann.request('typing', { chatId: GROUP });
      await bob.until(({ ev }) => ev === 'typing');
      expect(typing(bob).map(({ chatId }) => chatId)).toEqual([GROUP]);
    });
  });
});

const NAMES = new Map(
  Object.entries({ Ann: ANN, Bob: BOB, Cid: CID, Dee: DEE, Eve: EVE }).map(([name, id]) => [id, name]),
);

describe.each(adapters)('with rate limits, on $adapter', (adapter) => {
  test('typing again at once is left out in silence', async () => {
    const w = await startWorld({ adapter, rateLimits: true });
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB] });
    const [ann, bob] = [await w.follow(ANN), await w.follow(BOB)];
    for (let i = 0; i < 5; i++) expect(await ann.request('typing', { chatId: GROUP })).toMatchObject({ ok: true });
    w.skew.ms = 2_000;
    await ann.request('typing', { chatId: GROUP });
    await vi.waitUntil(() => bob.frames.filter(({ ev }) => ev === 'typing').length === 2, WAIT);
    await w.close();
  });
});
