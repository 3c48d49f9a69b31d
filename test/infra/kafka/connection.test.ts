import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Admin } from 'kafkajs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { connectKafka } from '../../../infra/kafka/connection.ts';
import { KafkaError } from '../../../infra/kafka/errors.ts';

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

/** A connection whose clients for questions are counted, and speak to nobody. */
function counted() {
  const logger = { debug: () => undefined, warn: () => undefined };
  const connection = connectKafka({ brokers: ['127.0.0.1:1'], clientId: 'test', logger });
  onTestFinished(connection.close);
  const clients: { disconnect: ReturnType<typeof vi.fn> }[] = [];
  vi.spyOn(connection.kafka, 'admin').mockImplementation(() => {
    const client = { connect: async () => undefined, disconnect: vi.fn(async () => undefined) };
    clients.push(client);
    return client as unknown as Admin;
  });
  return { connection, clients };
}

it('a question that is refused leaves the client to the others, and to the next', async () => {
  const { connection, clients } = counted();
  const refused = () => Promise.reject(Object.assign(new Error('no'), { type: 'GROUP_AUTHORIZATION_FAILED' }));
  await expect(connection.ask('a group', refused)).rejects.toMatchObject({ code: 'refused' });
  const mismatch = () => Promise.reject(new KafkaError('topic-mismatch', 'other partitions'));
  await expect(connection.ask('a topic', mismatch)).rejects.toMatchObject({ code: 'topic-mismatch' });
  expect(await connection.ask('another', async () => 1)).toBe(1);
  expect(clients).toHaveLength(1);
  expect(clients[0]?.disconnect).not.toHaveBeenCalled();
});

it('after a failure the next question has another client, and the old one stays while others wait for it', async () => {
  const { connection, clients } = counted();
  let answer: (value: number) => void = () => undefined;
  const waiting = connection.ask('a slow one', () => new Promise<number>((resolve) => (answer = resolve)));
  const failing = () => Promise.reject(new Error('Closed connection'));
  await expect(connection.ask('a lost one', failing)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await connection.ask('the next', async () => 2)).toBe(2);
  expect(clients).toHaveLength(2);
  expect(clients[0]?.disconnect).not.toHaveBeenCalled();
  answer(1);
  expect(await waiting).toBe(1);
  await vi.waitFor(() => expect(clients[0]?.disconnect).toHaveBeenCalledOnce());
  expect(clients[1]?.disconnect).not.toHaveBeenCalled();
});
