import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topicTarget } from '../../../infra/kafka/replay-target.ts';
import { KINDS, startChat, userId } from '../../support/random-chat.ts';
import { seeded } from '../../support/seeded.ts';
import { type FreshTopic, freshTopic, openKafka } from './world.ts';

const PARTITIONS = 3;
const CHATS = 6;
const EVENTS = 1_200;
const SEED = 5;

let fresh: FreshTopic;
beforeAll(async () => {
  fresh = await freshTopic(PARTITIONS);
});
afterAll(() => fresh.drop());

describe(`a topic that events are replayed to (seed ${SEED})`, () => {
  it('has each event once, a chat’s in order, under the chat’s id', async () => {
    const random = seeded(SEED);
    const positions = { last: 0 };
    const chats = Array.from({ length: CHATS }, (_, n) =>
      startChat({ ...(KINDS[2] as (typeof KINDS)[number]), n, users: [userId(1), userId(2)], positions, random }),
    );
    const events = Array.from({ length: EVENTS }, () => random.pick(chats).grow(random));
    const connection = openKafka();
    const target = await topicTarget(connection, { topic: fresh.topic, onRetry: () => undefined });
    const { signal } = new AbortController();
    expect(await target.take(events, signal)).toBe(EVENTS);
    await target.close();

    const received: { key: string; id: string; type: string; stream: string; value: unknown; partition: number }[] = [];
    const consumer = connection.kafka.consumer({ groupId: `${fresh.prefix}reader` });
    await consumer.connect();
    await consumer.subscribe({ topic: fresh.topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message, partition }) => {
            const header = (name: string): string => String(message.headers?.[name]);
            received.push({
              key: String(message.key),
              id: header('id'),
              type: header('type'),
              stream: header('stream'),
              value: JSON.parse(String(message.value)),
              partition,
            });
            if (received.length === EVENTS) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    await connection.close();

    for (const { chatId } of chats) {
      const own = received.filter(({ key }) => key === chatId);
      expect(own.map(({ value }) => value)).toEqual(events.filter((event) => event.chatId === chatId));
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    }
    const [first] = received;
    const event = events.find(({ eventId }) => eventId === first?.id);
    expect(first).toMatchObject({ type: event?.type, stream: `chat-${event?.chatId}` });
  });

  it('is not made where it is missing', async () => {
    const connection = openKafka();
    const target = topicTarget(connection, { topic: `${fresh.prefix}missing`, onRetry: () => undefined });
    await expect(target).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('make it first') });
    await connection.close();
  });
});
