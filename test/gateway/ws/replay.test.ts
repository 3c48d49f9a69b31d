import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ANN, BOB, GROUP, user } from '../../support/commands.ts';
import type { Frame, TestSocket } from '../../support/protocol-client.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();

describe.each(adapters)('replay on $adapter', (adapter) => {
  let w: GatewayWorld;
  let bob: TestSocket;
  beforeEach(async () => {
    w = await startWorld({ adapter });
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB] });
    for (let i = 0; i < 10; i++) await w.say(ANN, { type: 'send', actor: ANN, text: `m${i}` });
    bob = await w.open(BOB);
    // What was appended has reached the views.
    await bob.request('chats', { minPosition: bob.frames[0]?.['position'] });
  });
  afterEach(() => w.close());

  const seqs = (replayId: unknown): unknown[] =>
    bob.frames.filter((frame) => frame['ev'] === 'replay' && frame['replayId'] === replayId).map(({ seq }) => seq);
  const end = (replayId: unknown): Promise<Frame> =>
    bob.until((frame) => frame['ev'] === 'replay-end' && frame['replayId'] === replayId);
  const play = async (fields: Frame): Promise<unknown> => {
    const answer = await bob.request('replay', { chatId: GROUP, from: 0, to: 11, speed: 0, ...fields });
    expect(answer).toMatchObject({ ok: true, replayId: expect.any(String) });
    return answer['replayId'];
  };

  test('from is exclusive, to inclusive; events come in the shape of a push, then the end', async () => {
    const replayId = await play({ from: 3, to: 6 });
    expect(await end(replayId)).toEqual({ ev: 'replay-end', replayId, reason: 'end' });
    expect(seqs(replayId)).toEqual([4, 5, 6]);
    expect(bob.frames.find(({ ev }) => ev === 'replay')).toMatchObject({
      chatId: GROUP,
      type: 'MessageSent',
      actor: ANN,
      v: 1,
      position: expect.any(String),
      data: { text: 'm2' },
    });
  });

  test('points may be times; the whole chat is the range from 0 to now', async () => {
    const replayId = await play({ to: '2999-01-01T00:00:00Z' });
    await end(replayId);
    expect(seqs(replayId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('words that were deleted while a replay waited are not sent any more', async () => {
    const chatId = user(31);
    await w.say(ANN, {
      type: 'start-chat',
      actor: ANN,
      chatId,
      kind: 'group',
      title: 'g',
      members: [BOB],
      pastContent: 'now',
    });
    const started = Date.now();
    await vi.waitUntil(() => Date.now() > started);
    const { messageId, position } = await w.say(ANN, { type: 'send', actor: ANN, chatId, text: 'secret' });
    await bob.request('chats', { minPosition: position });
    const replayId = await play({ chatId, to: 2, speed: 0.000_001 });
    await bob.until((frame) => frame['ev'] === 'replay' && frame['seq'] === 1);
    const deleted = await w.say(ANN, { type: 'delete', actor: ANN, chatId, messageId: messageId ?? '' });
    await bob.request('chats', { minPosition: deleted.position });
    w.skew.ms += 5_000;
    await bob.request('replay-control', { replayId, action: 'resume', speed: 0 });
    await end(replayId);
    expect(bob.frames.find(({ ev, seq }) => ev === 'replay' && seq === 2)).toMatchObject({
      data: { text: '', withheld: 'deleted' },
    });
  });

  test('an empty range ends at once; a range backwards, beyond the end, or of a foreign chat is refused', async () => {
    const replayId = await play({ from: 5, to: 5 });
    expect(await end(replayId)).toMatchObject({ reason: 'end' });
    expect(seqs(replayId)).toEqual([]);
    const refused = async (fields: Frame): Promise<unknown> =>
      ((await bob.request('replay', { chatId: GROUP, from: 0, to: 5, ...fields }))['error'] as { code: string }).code;
    expect(await refused({ from: 6 })).toBe('bad-request');
    expect(await refused({ to: 99 })).toBe('as-of-unknown');
    expect(await refused({ chatId: user(9) })).toBe('chat-not-found');
    expect(await refused({ speed: -1 })).toBe('bad-request');
  });

  test('its pace is that of the events, and long pauses are shortened', async () => {
    await w.store.append(`chat-${GROUP}`, 10, [later(60_000)]);
    const sent = await w.say(ANN, { type: 'rename-chat', actor: ANN, title: 'later' });
    await bob.request('chats', { minPosition: sent.position });
    const before = performance.now();
    const replayId = await play({ from: 10, to: 13, speed: 1, maxGapMs: 120 });
    await end(replayId);
    const took = performance.now() - before;
    expect(seqs(replayId)).toEqual([11, 12, 13]);
    expect(took).toBeGreaterThanOrEqual(110); // a minute of silence, shortened
    expect(took).toBeLessThan(5_000);
  });

  /** A renaming that happened so much later than now, by its own word. */
  function later(ms: number) {
    const metadata = { v: 1, actor: ANN, at: Date.now() + ms, commandId: w.world.id(), correlationId: w.world.id() };
    const data = { title: { enc: 'plain', text: 'much later' } };
    return {
      eventId: crypto.randomUUID(),
      type: 'ChatRenamed',
      data: JSON.stringify(data),
      metadata: JSON.stringify(metadata),
    };
  }

  test('paused it stands still, sought it goes on from there, stopped it ends', async () => {
    const replayId = await play({ speed: 0.001, maxGapMs: 3_600_000 });
    await bob.until(({ ev }) => ev === 'replay');
    expect(await bob.request('replay-control', { replayId, action: 'pause' })).toMatchObject({ ok: true });
    const shown = seqs(replayId).length;
    expect(await bob.request('replay-control', { replayId, action: 'seek', to: 8, speed: 0 })).toMatchObject({
      ok: true,
    });
    await bob.request('ping');
    expect(seqs(replayId)).toHaveLength(shown);
    expect(await bob.request('replay-control', { replayId, action: 'resume' })).toMatchObject({ ok: true });
    await end(replayId);
    expect(seqs(replayId).slice(shown)).toEqual([9, 10, 11]);
    const second = await play({ speed: 0.001, maxGapMs: 3_600_000 });
    await bob.request('replay-control', { replayId: second, action: 'stop' });
    expect(await end(second)).toMatchObject({ reason: 'stopped' });
    const gone = await bob.request('replay-control', { replayId: second, action: 'resume' });
    expect(gone).toMatchObject({ ok: false, error: { code: 'not-found' } });
    const mixed = await bob.request('replay-control', { replayId: second, action: 'seek' });
    expect(mixed).toMatchObject({ ok: false });
  });

  test('at most four at once', async () => {
    const slow = { speed: 0.001, maxGapMs: 3_600_000 };
    const four = [await play(slow), await play(slow), await play(slow), await play(slow)];
    expect(await bob.request('replay', { chatId: GROUP, from: 0, to: 5 })).toMatchObject({
      error: { code: 'busy', retryable: true },
    });
    await bob.request('replay-control', { replayId: four[0], action: 'stop' });
    await end(four[0]);
    await play(slow);
  });

  test('who is removed while it runs gets `forbidden`, on a socket that never synced too', async () => {
    const replayId = await play({ speed: 0.001, maxGapMs: 3_600_000 });
    await bob.until(({ ev }) => ev === 'replay');
    await w.say(ANN, { type: 'remove-member', actor: ANN, userId: BOB });
    expect(await end(replayId)).toMatchObject({ reason: 'forbidden' });
    expect(bob.frames.at(-1)).toMatchObject({ ev: 'replay-end' });
  });

  test('live pushes go on beside it', async () => {
    await bob.request('sync', { since: bob.frames[0]?.['position'] });
    const replayId = await play({ speed: 0.001, maxGapMs: 3_600_000 });
    await w.say(ANN, { type: 'send', actor: ANN, text: 'live' });
    expect(await bob.until(({ ev }) => ev === 'event')).toMatchObject({ seq: 12 });
    await bob.request('replay-control', { replayId, action: 'stop' });
  });

  test('history as of its beginning plus its events is history as of its end', async () => {
    const messages = async (asOf: number): Promise<unknown[]> =>
      ((await bob.request('history', { chatId: GROUP, asOf }))['messages'] as Frame[]).map(
        ({ seq, text }) => `${String(seq)} ${String(text)}`,
      );
    const replayId = await play({ from: 4, to: 9 });
    await end(replayId);
    const played = bob.frames
      .filter(({ ev }) => ev === 'replay')
      .map(({ seq, data }) => `${String(seq)} ${String((data as Frame)['text'])}`);
    expect([...(await messages(4)), ...played]).toEqual(await messages(9));
  });
});
