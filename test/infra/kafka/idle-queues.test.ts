import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import '../../../infra/kafka/idle-queues.ts';

interface Queue {
  push(request: object): void;
  fulfillRequest(answer: object): void;
  maybeThrottle(ms: number): void;
}
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as new (
  options: object,
) => Queue;
const THROTTLE_MS = 300;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const logger = { debug: () => undefined, warn: () => undefined };
const newQueue = (): Queue =>
  new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1_000, clientId: 'c', broker: 'b', logger });

function ask(queue: Queue, correlationId: number): () => boolean {
  const sendRequest = vi.fn();
  const entry = { correlationId, resolve: vi.fn(), reject: vi.fn() };
  queue.push({ entry, expectResponse: true, sendRequest });
  return () => sendRequest.mock.calls.length > 0;
}

it('a connection that waits for nothing sets no timer', () => {
  const queue = newQueue();
  ask(queue, 1);
  queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
  expect(vi.getTimerCount()).toBe(0);
});

it('a request that waits for another, or for the broker’s leave, is sent when it may be, and then no timer is left', () => {
  const queue = newQueue();
  const [first, second] = [ask(queue, 1), ask(queue, 2)];
  expect([first(), second()]).toEqual([true, false]);
  queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
  expect(second()).toBe(true);
  queue.fulfillRequest({ correlationId: 2, payload: null, size: 0 });
  queue.maybeThrottle(THROTTLE_MS);
  const third = ask(queue, 3);
  vi.advanceTimersByTime(THROTTLE_MS - 1);
  expect(third()).toBe(false);
  vi.advanceTimersByTime(THROTTLE_MS);
  expect(third()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
