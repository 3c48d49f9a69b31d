import { describe, expect, it } from 'vitest';
import type { SeenEvent } from '../../client/sdk/index.ts';
import { signedIn } from './client.ts';
import { CHAT } from './fake-server.ts';

async function replaying() {
  const test = await signedIn();
  const events: SeenEvent[] = [];
  const ends: string[] = [];
  const frames = ['a', 'b', 'c'].map((text) => ({
    ev: 'replay',
    replayId: 'r1',
    ...test.server.say(text, { quiet: true }),
  }));
  const replay = await test.client.travel.replay(
    { chatId: CHAT, from: 1, speed: 10 },
    { event: (event) => events.push(event), end: (reason) => ends.push(reason) },
  );
  return { ...test, replay, events, ends, frames };
}

describe('the past', () => {
  it('is a page as it stood', async () => {
    const { server, client } = await signedIn();
    server.say('first');
    server.append(CHAT, 'MessageEdited', { messageId: 'first', messageSeq: 2, rev: 2, text: 'changed' });
    const then = await client.travel.messages(CHAT, 2);
    expect(then).toMatchObject({ asOf: { seq: 2 }, messages: [{ text: 'first' }] });
  });
});

describe('a replay', () => {
  it('gives its events in order, and says why it ended', async () => {
    const { server, events, ends, frames } = await replaying();
    expect(server.wire.frames.at(-1)).toMatchObject({ op: 'replay', chatId: CHAT, from: 1, speed: 10 });
    for (const frame of frames) server.wire.push(frame);
    server.wire.push({ ev: 'replay-end', replayId: 'r1', reason: 'end' });
    expect(events.map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(ends).toEqual(['end']);
  });

  it('loses nothing that comes before the answer which names it', async () => {
    const { server, client } = await signedIn();
    const event = server.say('early', { quiet: true });
    server.intercept = (wire, { id, op }) => {
      if (op !== 'replay') return false;
      wire.push({ ev: 'replay', replayId: 'r7', ...event });
      wire.push({ ev: 'replay-end', replayId: 'r7', reason: 'end' });
      wire.push({ id, ok: true, replayId: 'r7' });
      return true;
    };
    const events: SeenEvent[] = [];
    const ends: string[] = [];
    await client.travel.replay(
      { chatId: CHAT, from: 1 },
      { event: (e) => events.push(e), end: (reason) => ends.push(reason) },
    );
    expect(events).toMatchObject([{ seq: 2, type: 'MessageSent' }]);
    expect(ends).toEqual(['end']);
  });

  it('drops what still comes from the old place while it seeks', async () => {
    const { server, replay, events, frames } = await replaying();
    server.intercept = (wire, { id, op }) => {
      if (op !== 'replay-control') return false;
      wire.push(frames[2] as object);
      wire.push({ id, ok: true });
      return true;
    };
    await replay.seek(1);
    server.wire.push(frames[0] as object);
    expect(events.map(({ seq }) => seq)).toEqual([2]);
  });

  it('pauses, goes on with another speed, stops', async () => {
    const { server, replay } = await replaying();
    await replay.pause();
    await replay.resume(100);
    await replay.stop();
    const controls = server.wire.frames.filter(({ op }) => op === 'replay-control');
    expect(controls).toMatchObject([
      { replayId: 'r1', action: 'pause' },
      { replayId: 'r1', action: 'resume', speed: 100 },
      { replayId: 'r1', action: 'stop' },
    ]);
  });

  it('ends with the connection', async () => {
    const { server, ends } = await replaying();
    server.wire.cut();
    expect(ends).toEqual(['disconnected']);
  });
});
