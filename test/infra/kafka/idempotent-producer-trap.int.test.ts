import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKafkaWriter } from '../../../infra/kafka/writer.ts';
import { chain, range } from '../../contracts/backplane/under-test.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { follow, readAll } from './reading.ts';
import { broker, type FreshTopic, freshTopic, openKafka } from './world.ts';

let place: FreshTopic;
let proxy: TcpProxy;

beforeEach(async () => {
  place = await freshTopic(1);
  proxy = await createTcpProxy(broker());
});
afterEach(async () => {
  await proxy.close();
  await place.drop();
});

/** The next answer is lost, and its connection with it: the request was written, and nobody here knows. */
function loseNextAnswer(): Promise<void> {
  return new Promise((resolve) => {
    proxy.dropResponses();
    const stop = proxy.onBytes((way) => {
      if (way !== 'down') return;
      stop();
      setImmediate(() => {
        proxy.heal();
        resolve();
      });
    });
  });
}

test("the trap: kafkajs's idempotent producer acknowledges what is not there, where an answer is lost", async () => {
  const connection = openKafka({ proxy });
  const producer = connection.kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const { topic } = place;
  const send = (key: string) => producer.send({ topic, messages: [{ partition: 0, key, value: key }] });
  await send('first');
  const lost = loseNextAnswer();
  const acknowledged = await Promise.allSettled([send('a'), send('b'), send('c')]);
  await lost;
  expect(acknowledged.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  const keys = (await readAll(topic, 0)).map(({ key }) => key);
  // Whoever came after the lost answer was given its sequence number: the broker took that for a repeat, and said so.
  expect(['a', 'b', 'c'].filter((key) => !keys.includes(key))).toHaveLength(1);
  expect(keys.filter((key) => key === 'a')).toHaveLength(2);
  await producer.disconnect();
  await connection.close();
});

test('the writer keeps order and loses nothing, where every answer may be lost', async () => {
  const connection = openKafka({ proxy });
  const writer = createKafkaWriter(connection, { topic: place.topic, partitions: 1, requestRecordsMax: 7 });
  const calls = range(0, 40).map((call) => chain(0, call * 5 + 1, 5));
  let next = 0;
  for (let round = 0; next < calls.length; round++) {
    // Several calls wait at once, as they do under load.
    const waiting = calls.slice(next, next + 6);
    const lost = round % 2 === 0 ? loseNextAnswer() : Promise.resolve();
    const written = await Promise.allSettled(waiting.map((links) => writer.write(links)));
    await lost;
    const failed = written.findIndex(({ status }) => status === 'rejected');
    if (failed >= 0) {
      // Nothing behind a failure is acknowledged: whoever writes again begins there.
      expect(written.slice(failed).every(({ status }) => status === 'rejected')).toBe(true);
    }
    next += failed < 0 ? waiting.length : failed;
  }
  await writer.close();
  await connection.close();
  const links = (await readAll(place.topic, 0)).map(({ link }) => link).filter((link) => link !== null);
  const { taken, gaps, repeats } = follow(links);
  expect({ taken, gaps }).toEqual({ taken: range(1, 200), gaps: 0 });
  expect(repeats).toBeGreaterThan(0);
});
