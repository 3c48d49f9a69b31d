import { describe, expect, test } from 'vitest';
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
  expect((await createKnownUsers({ store: atOnce })(asked, 'all')).size).toBe(asked.length);
  over = true;
  expect(turns).toBeGreaterThan(10);
  await store.close();
});

describe('with a lookup', () => {
  const asked = Array.from({ length: 200 }, (_, n) => userId(n));
  const setting = (existing: (userIds: readonly string[]) => Promise<ReadonlySet<string>>) => {
    const read: string[] = [];
    const faults: string[] = [];
    const store = {
      ...createMemoryEventStore(),
      readStream: async (stream: string) => {
        read.push(stream);
        return [];
      },
    };
    const missingUsers = createKnownUsers({ store, users: { existing }, onFault: (what) => void faults.push(what) });
    return { missingUsers, read, faults };
  };

  test('only those are read that it does not know', async () => {
    const { missingUsers, read } = setting(async (userIds) => new Set(userIds.slice(1)));
    expect([...(await missingUsers(asked, 'all'))]).toEqual([asked[0]]);
    expect(read).toHaveLength(1);
    expect((await missingUsers(asked.slice(1), 'all')).size).toBe(0);
    expect(read).toHaveLength(1);
  });
  test('all are read where it fails', async () => {
    const { missingUsers, read, faults } = setting(() => Promise.reject(new Error('away')));
    expect((await missingUsers(asked, 'all')).size).toBe(asked.length);
    expect(read).toHaveLength(asked.length);
    expect(faults).toHaveLength(1);
  });
  test('where some will do, nobody is looked for after one is found missing', async () => {
    const { missingUsers, read } = setting(async () => new Set());
    expect((await missingUsers(asked, 'some')).size).toBeGreaterThan(0);
    expect(read.length).toBeLessThan(asked.length);
  });
});
