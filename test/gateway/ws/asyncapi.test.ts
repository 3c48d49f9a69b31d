import { Parser } from '@asyncapi/parser';
import { expect, test } from 'vitest';
import { asyncapiDocument } from '../../../gateway/ws/asyncapi.ts';

test('the description of the socket is valid AsyncAPI 3 and names every op, answer and push', async () => {
  const document = asyncapiDocument(['ws://127.0.0.1:4001/v1/ws']);
  const { diagnostics, document: parsed } = await new Parser().parse(JSON.stringify(document));
  const faults = diagnostics.filter(({ severity }) => severity <= 1);
  expect(faults).toEqual([]);
  const operations = parsed
    ?.operations()
    .all()
    .map((operation) => operation.id());
  expect(operations).toEqual(
    expect.arrayContaining([
      'send',
      'edit',
      'delete',
      'react',
      'unreact',
      'sync',
      'replay',
      'push.event',
      'push.resync',
      'typing',
      'presence',
      'push.typing',
      'push.presence',
      'push.moved',
    ]),
  );
  expect(parsed?.servers().all()[0]?.host()).toBe('127.0.0.1:4001');
});

test('names every gateway of a cluster, and none where there is none yet', async () => {
  const servers = (...urls: string[]) => (asyncapiDocument(urls) as { servers: Record<string, unknown> }).servers;
  expect(servers()).toEqual({});
  expect(servers('wss://a.example/v1/ws', 'wss://b.example/v1/ws')).toMatchObject({
    gateway: { host: 'a.example', protocol: 'wss' },
    gateway2: { host: 'b.example', protocol: 'wss' },
  });
  const { diagnostics } = await new Parser().parse(JSON.stringify(asyncapiDocument([])));
  expect(diagnostics.filter(({ severity }) => severity <= 1)).toEqual([]);
});

test('a request is described as strictly as it is checked', () => {
  const { components } = asyncapiDocument(['ws://127.0.0.1:4001/v1/ws']) as {
    components: { messages: Record<string, { payload: Record<string, unknown> }> };
  };
  const send = components.messages['send.request']?.payload;
  expect(send).toMatchObject({ type: 'object', additionalProperties: false, required: ['id', 'op', 'chatId', 'text'] });
});
