import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { connectKafka } from '../../../infra/kafka/connection.ts';

it('leaves no socket open when it is closed, also where a broker never answers', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await once(silent, 'listening');
  const logger = { debug: () => undefined, warn: () => undefined };
  const { port } = silent.address() as AddressInfo;
  const connection = connectKafka({ brokers: [`127.0.0.1:${port}`], clientId: 'test', logger });
  const accepted = once(silent, 'connection') as Promise<[Socket]>;
  const answer = connection.ask('no topics', (admin) => admin.listTopics()).catch((error: unknown) => error);
  const [socket] = await accepted;
  const gone = once(socket.resume(), 'close');
  await connection.close();
  await gone;
  expect(await answer).toMatchObject({ code: 'unavailable', temporary: true });
});
