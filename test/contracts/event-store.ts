import { afterAll, beforeAll, describe } from 'vitest';
import type { EventStore } from '../../events/event-store.ts';
import { appendContract } from './event-store/appends.ts';
import { readContract } from './event-store/reads.ts';
import { subscriptionContract } from './event-store/subscriptions.ts';
import type { MakeStore, StoreUnderTest } from './event-store/under-test.ts';

/**
 * What `events/event-store.ts` promises, for every adapter. Asks for nothing but a store: the log may hold other
 * streams, be shared with others who write, and have holes between positions. Streams are named afresh in every run.
 */
export function eventStoreContract(name: string, makeStore: MakeStore): void {
  describe(`event store: ${name}`, () => {
    let made: StoreUnderTest;
    beforeAll(async () => {
      made = await makeStore();
    });
    afterAll(() => made.close());
    const store = (): EventStore => made.store;

    describe('append', () => appendContract(store, () => made.reopen));
    describe('read', () => readContract(store));
    describe('subscribe', () => subscriptionContract(store, makeStore));
  });
}
