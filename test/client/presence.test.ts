import { describe, expect, it } from 'vitest';
import { signedIn, type TestClient } from './client.ts';
import { CHAT, type FakeWire, OTHER } from './fake-server.ts';

const THIRD = '01JTH1RD000000000000000000';

/** A server that knows who is online. */
async function withPresence(online: string[] = []): Promise<TestClient & { asked: string[][]; heard: string[] }> {
  const asked: string[][] = [];
  const made = await signedIn();
  made.server.intercept = (wire, frame) => {
    if (frame.op !== 'presence') return false;
    const userIds = frame['userIds'] as string[];
    asked.push(userIds);
    wire.push({ id: frame.id, ok: true, online: Object.fromEntries(userIds.map((id) => [id, online.includes(id)])) });
    return true;
  };
  const heard: string[] = [];
  made.client.presence.events.on('online', ({ userId, online: is }) => heard.push(`${userId} ${is}`));
  return { ...made, asked, heard };
}
const typing = (wire: FakeWire, userId: string): void => wire.push({ ev: 'typing', chatId: CHAT, userId });

describe('who is online', () => {
  it('is asked for, told of, and followed', async () => {
    const { client, server, clock, heard } = await withPresence([OTHER]);
    client.presence.watch([OTHER, THIRD]);
    await clock.pass(0);
    expect([client.presence.isOnline(OTHER), client.presence.isOnline(THIRD)]).toEqual([true, false]);
    server.wire.push({ ev: 'presence', userId: THIRD, online: true });
    server.wire.push({ ev: 'presence', userId: OTHER, online: false });
    expect(heard).toEqual([`${OTHER} true`, `${THIRD} true`, `${OTHER} false`]);
  });

  it('is asked for again on every connection', async () => {
    const { client, server, clock, asked } = await withPresence([OTHER]);
    client.presence.watch([OTHER]);
    await clock.pass(0);
    server.wire.cut();
    await clock.pass(5_000);
    expect(asked).toEqual([[OTHER], [OTHER]]);
  });

  it('is asked for no more after an empty list', async () => {
    const { client, server, clock, asked, heard } = await withPresence([OTHER]);
    client.presence.watch([OTHER]);
    client.presence.watch([]);
    await clock.pass(0);
    server.wire.cut();
    await clock.pass(5_000);
    expect([asked, heard]).toEqual([[[OTHER], []], []]);
  });

  it('is asked for until it is answered', async () => {
    const { client, server, clock } = await signedIn();
    let refusals = 2;
    server.intercept = (wire, { id, op }) => {
      if (op !== 'presence') return false;
      const error = { code: 'unavailable', message: 'not now', retryable: true };
      if (refusals-- > 0) wire.push({ id, ok: false, error });
      else wire.push({ id, ok: true, online: { [OTHER]: true } });
      return true;
    };
    client.presence.watch([OTHER]);
    await clock.pass(5_000);
    expect(client.presence.isOnline(OTHER)).toBe(true);
  });
});

describe('who is typing', () => {
  it('is told while it lasts: until the message comes, or nothing is heard for a while', async () => {
    const { client, server, clock } = await signedIn();
    const changes: string[][] = [];
    client.presence.events.on('typing', ({ userIds }) => changes.push(userIds));
    typing(server.wire, OTHER);
    typing(server.wire, THIRD);
    typing(server.wire, OTHER);
    server.say('there it is', { actor: OTHER });
    await clock.pass(10_000);
    expect(changes).toEqual([[OTHER], [OTHER, THIRD], [THIRD], []]);
  });

  it('is nobody while there is no connection', async () => {
    const { client, server } = await signedIn();
    typing(server.wire, OTHER);
    expect(client.presence.typingIn(CHAT)).toEqual([OTHER]);
    server.wire.cut();
    expect(client.presence.typingIn(CHAT)).toEqual([]);
  });

  it('is said now and then, however fast one types, and never waited for', async () => {
    const { client, server, clock } = await signedIn();
    for (let i = 0; i < 40; i++) {
      client.presence.typing(CHAT);
      await clock.pass(100);
    }
    expect(server.wire.frames.filter(({ op }) => op === 'typing')).toHaveLength(2);
    server.wire.cut();
    await clock.pass(5);
    expect(() => client.presence.typing(CHAT)).not.toThrow();
  });
});
