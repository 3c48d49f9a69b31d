import { afterEach, expect, test, vi } from 'vitest';
import type { KafkaConnection } from '../../../infra/kafka/connection.ts';
import { KafkaError } from '../../../infra/kafka/errors.ts';
import { type Watchdog, watch } from '../../../infra/kafka/watchdog.ts';
import { hear } from './world.ts';

let dog: Watchdog | undefined;
afterEach(() => dog?.stop());

function watched(answers: () => boolean) {
  const failed: Error[] = [];
  let asked = 0;
  const logger = hear();
  const connection = {
    logger,
    async ask() {
      asked++;
      if (!answers()) throw new KafkaError('unavailable', 'nobody there');
    },
  } as unknown as KafkaConnection;
  dog = watch(connection, {
    topic: 't',
    groupId: 'g',
    fail: (error) => failed.push(error),
    silentMs: 30,
    lookEveryMs: 5,
  });
  return { failed, asked: () => asked, dog, logger };
}
const until = (assertion: () => void) => vi.waitFor(assertion, { timeout: 5_000, interval: 1 });

test('a consumer that is silent while its broker answers is failed', async () => {
  const { failed } = watched(() => true);
  await until(() => expect(failed[0]).toMatchObject({ code: 'stalled', temporary: false }));
});

test('one whose broker is away is left alone, as is one that moves', async () => {
  const away = watched(() => false);
  await until(() => expect(away.asked()).toBeGreaterThan(8));
  expect(away.failed).toEqual([]);
  expect(away.logger.warnings.length).toBeGreaterThan(7);
  away.dog.stop();
  const moving = watched(() => true);
  const began = performance.now();
  await until(() => {
    moving.dog.alive();
    expect(performance.now() - began).toBeGreaterThan(100);
  });
  expect(moving.failed).toEqual([]);
});
