import { expect, test } from 'vitest';
import { createKnownUsers } from '../../commands/user/known-users.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';
import { userId } from '../support/random-chat.ts';

test('a great many users are looked up without holding up everybody else', async () => {
  const store = createMemoryEventStore();
  const atOnce = { ...store, readStream: async () => [] };
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns++;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const asked = Array.from({ length: 1_000 }, (_, n) => userId(n));
  expect((await createKnownUsers(atOnce)(asked)).size).toBe(asked.length);
  over = true;
  expect(turns).toBeGreaterThan(10);
  await store.close();
});
