import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../../gateway/new-id.ts';
import { createHarness } from '../../gateway/http/harness.ts';
import { adaptersHere } from '../../gateway/ws/support/adapters.ts';
import { startWorld } from '../../gateway/ws/support/world.ts';
import { ANN, BOB, GROUP } from '../../support/commands.ts';
import { recordSpans } from './spans.ts';

const recorder = recordSpans();
const { commands, instrument, aroundOp } = recorder.telemetry;
const TRACE = 'a'.repeat(32);
const PARENT = 'b'.repeat(16);
const traceparent = `00-${TRACE}-${PARENT}-01`;
const ended: (() => Promise<void>)[] = [];

beforeEach(recorder.clear);
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

describe('over HTTP', () => {
  async function serve() {
    const harness = await createHarness({ commands, http: { ...(instrument && { instrument }) } });
    ended.push(harness.close);
    await harness.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = harness.app.server.address() as AddressInfo;
    const ann = await harness.person('ann');
    recorder.clear();
    const post = (path: string, body: object, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ann.accessToken}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    return { harness, post };
  }

  test('a request goes on with the trace of its header, and its command is a part of it', async () => {
    const { post } = await serve();
    const group = { kind: 'group', title: 'Owls', members: [] };
    expect((await post('/v1/chats', group, { traceparent })).status).toBe(201);
    await expect.poll(recorder.spans).toHaveLength(2);
    const [command] = recorder.named('command start-chat');
    const [request] = recorder.named('POST /v1/chats');
    expect(request).toMatchObject({ traceId: TRACE, parentId: PARENT, failed: null });
    expect(request?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/chats',
      'http.response.status_code': 201,
    });
    expect(command).toMatchObject({ traceId: TRACE, parentId: request?.spanId });
  });

  test('what is asked without one begins a trace; paths of the API only, and never by their ids', async () => {
    const { harness, post } = await serve();
    const before = newId();
    await post(`/v1/chats/${before}/messages`, { text: 'hi' });
    await harness.app.inject('/healthz');
    await expect
      .poll(() => recorder.spans().map(({ name }) => name))
      .toEqual(['command send', 'POST /v1/chats/:chatId/messages']);
    const [command, request] = recorder.spans();
    expect(request).toMatchObject({ parentId: null });
    expect(command?.attributes['hindsight.rejection']).toBe('chat-not-found');
  });

  test('the headers that say what a command belongs to are recorded', async () => {
    const { harness, post } = await serve();
    const [chatId, correlationId, causationId] = [newId(), newId(), newId()];
    const group = { kind: 'group', chatId, title: 'Owls', members: [] };
    await post('/v1/chats', group, { 'correlation-id': correlationId, 'causation-id': causationId });
    const [event] = await harness.store.readStream(`chat-${chatId}`, { limit: 1 });
    expect(JSON.parse(event?.metadata ?? '')).toMatchObject({ correlationId, causationId });
    expect((await post('/v1/chats', group, { 'correlation-id': 'mine' })).status).toBe(400);
  });
});

describe('over the socket', async () => {
  const { adapters } = await adaptersHere();
  test.each(adapters)('an op goes on with the trace of its frame on $adapter', async (adapter) => {
    const w = await startWorld({ adapter, wrapCommands: commands, gateway: { ...(aroundOp && { aroundOp }) } });
    ended.push(w.close);
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB] });
    const bob = await w.follow(BOB);
    recorder.clear();
    const [correlationId, causationId] = [newId(), newId()];
    const sent = { chatId: GROUP, text: 'hi', traceparent, correlationId, causationId };
    expect(await bob.request('send', sent)).toMatchObject({ ok: true });
    expect(await bob.until(({ ev }) => ev === 'event')).toMatchObject({ correlationId, causationId });
    await bob.request('ping', {});
    const [command, op] = recorder.spans();
    expect(op).toMatchObject({ name: 'op send', traceId: TRACE, parentId: PARENT });
    expect(command).toMatchObject({ name: 'command send', traceId: TRACE, parentId: op?.spanId });
    expect(recorder.spans()).toHaveLength(2);
    expect(await bob.request('send', { ...sent, traceparent: 7 })).toMatchObject({ error: { code: 'bad-request' } });
  });
});
