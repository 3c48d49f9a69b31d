import { describe, expect, it } from 'vitest';
import type { QueuedMessage, QueueStore } from '../../client/sdk/index.ts';
import { signedIn } from './client.ts';
import { FakeClock } from './fake-clock.ts';
import { CHAT, FakeServer, FakeWire } from './fake-server.ts';

const textsOf = (server: FakeServer, chatId = CHAT) =>
  server.log(chatId).flatMap((event) => (event.type === 'MessageSent' ? [event.data.text] : []));

function memoryQueue(): QueueStore & { saved: readonly QueuedMessage[] } {
  return {
    saved: [],
    load() {
      return Promise.resolve([...this.saved]);
    },
    save(messages) {
      this.saved = messages;
      return Promise.resolve();
    },
  };
}

describe('sending', () => {
  it('answers with the seq of the message', async () => {
    const { client, clock } = await signedIn();
    const { reply } = client.queue.send(CHAT, { text: 'hello' });
    await clock.pass(0);
    await expect(reply).resolves.toMatchObject({ seq: 2, changed: true });
  });

  it('tells the answer of a message that waits, one of an earlier run too, for as long as it waits', async () => {
    const store = memoryQueue();
    const before = await signedIn({ queue: store });
    before.server.wire.cut();
    const { messageId } = before.client.queue.send(CHAT, { text: 'unsent' });
    await before.clock.pass(0);
    before.client.close();

    const { client, clock } = await signedIn({ queue: store });
    await client.queue.restore();
    const answer = client.queue.answerTo(messageId);
    await clock.pass(0);
    await expect(answer).resolves.toMatchObject({ messageId, seq: 2 });
    expect(client.queue.answerTo(messageId)).toBeUndefined();
  });

  it('keeps what is written without a connection, in order, until there is one', async () => {
    const { server, client, clock } = await signedIn();
    server.welcomes = false;
    server.wire.cut();
    for (const text of ['one', 'two', 'three']) client.queue.send(CHAT, { text });
    await clock.pass(20_000);
    expect(client.queue.pending(CHAT).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    server.welcomes = true;
    await clock.pass(60_000);
    expect(textsOf(server)).toEqual(['one', 'two', 'three']);
    expect(client.queue.pending(CHAT)).toEqual([]);
  });

  it('says what the server refuses, and goes on with the next', async () => {
    const { server, client, clock } = await signedIn();
    server.intercept = (wire, frame) => {
      if (frame.op !== 'send' || frame['text'] !== 'refused') return false;
      wire.push({ id: frame.id, ok: false, error: { code: 'forbidden', message: 'no', retryable: false } });
      return true;
    };
    const chat = client.open(CHAT);
    await chat.load();
    const refused = client.queue.send(CHAT, { text: 'refused' });
    client.queue.send(CHAT, { text: 'fine' });
    await clock.pass(0);
    await expect(refused.reply).rejects.toMatchObject({ code: 'forbidden' });
    expect(textsOf(server)).toEqual(['fine']);
    expect(chat.pending).toMatchObject([{ message: { text: 'refused' }, error: { code: 'forbidden' } }]);
    chat.discard(refused.messageId);
    expect(chat.pending).toEqual([]);
  });

  it('outlives the program', async () => {
    const store = memoryQueue();
    const { server, client, clock } = await signedIn({ queue: store });
    server.wire.cut();
    const { messageId } = client.queue.send(CHAT, { text: 'kept' });
    await clock.pass(0);
    client.close();
    expect(store.saved).toMatchObject([{ messageId, text: 'kept' }]);
    const next = await signedIn({ server, queue: store });
    await next.client.queue.restore();
    await clock.pass(10_000);
    expect(server.log(CHAT).at(-1)?.data).toMatchObject({ messageId, text: 'kept' });
    expect(store.saved).toEqual([]);
  });

  it('ids ascend and lie in the server’s time', async () => {
    const { client } = await signedIn();
    const ids = Array.from({ length: 2_000 }, () => client.newId());
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id))).toBe(true);
  });

  it.each([11, 23, 42, 77, 1234])(
    'through lost answers, cuts and refusals, each is there once and in order (seed %i)',
    async (seed) => {
      const clock = new FakeClock(seed);
      const server = new FakeServer(clock);
      const { client, seen } = await signedIn({ server });
      const deaf = new FakeWire(server, { url: '', token: '' });
      server.intercept = (wire, frame) => {
        if (frame.op !== 'send') return false;
        const fate = clock.random();
        if (fate < 0.15) wire.cut();
        else if (fate < 0.3) {
          server.answerSend(wire, frame);
          wire.cut(); // after the event, most likely before its push is seen
        } else if (fate < 0.4) server.answerSend(deaf, frame);
        else if (fate < 0.5)
          wire.push({ id: frame.id, ok: false, error: { code: 'busy', message: 'busy', retryable: true } });
        else return false;
        return true;
      };
      const texts = Array.from({ length: 60 }, (_, i) => `message ${i}`);
      for (const text of texts) client.queue.send(CHAT, { text });
      await clock.pass(3_000_000);
      expect(textsOf(server)).toEqual(texts);
      expect(seen.map(({ seq }) => seq)).toEqual(texts.map((_, i) => i + 2));
      client.close();
    },
  );
});
