import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANN, BOB, CID, DEE, GROUP } from '../../support/commands.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();

describe.each(adapters)('live on $adapter', (adapter) => {
  let w: GatewayWorld;
  beforeEach(async () => {
    w = await startWorld({ adapter });
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB, CID] });
  });
  afterEach(() => w.close());

  test('a message reaches every member, the sender included, and nobody else', async () => {
    const [ann, bob, dee] = await Promise.all([w.follow(ANN), w.follow(BOB), w.follow(DEE)]);
    const reply = await ann.request('send', { chatId: GROUP, text: 'hello' });
    expect(reply).toMatchObject({ ok: true, chatId: GROUP, seq: 2, changed: true });
    expect(reply).not.toHaveProperty('repeated');
    for (const socket of [ann, bob]) {
      const event = await socket.until(({ ev }) => ev === 'event');
      expect(event).toMatchObject({
        chatId: GROUP,
        seq: 2,
        type: 'MessageSent',
        actor: ANN,
        v: 1,
        data: { text: 'hello', number: 1 },
      });
    }
    expect(dee.frames.map(({ ev }) => ev)).toEqual(['welcome']);
  });

  test('of a chat that was repaired each member is told to read it again, and gets nothing more of it until then', async () => {
    const [ann, bob] = await Promise.all([w.follow(ANN), w.follow(BOB)]);
    await ann.request('send', { chatId: GROUP, text: 'before' });
    await bob.until(({ ev, seq }) => ev === 'event' && seq === 2);
    w.context.signals.send(0, { kind: 'repaired', chatId: GROUP });
    const told = await bob.until(({ ev }) => ev === 'resync');
    expect(told).toEqual({ ev: 'resync', chatId: GROUP, headSeq: 2, reason: 'repaired' });
    expect(w.gateway.counters.resyncs.repaired).toBe(2);
    await ann.request('send', { chatId: GROUP, text: 'meanwhile' });
    await bob.request('ping', {});
    expect(bob.frames.some(({ ev, seq }) => ev === 'event' && seq === 3)).toBe(false);
    await bob.request('sync', { chats: { [GROUP]: 2 } });
    await bob.until(({ ev, seq }) => ev === 'event' && seq === 3);
  });
});
