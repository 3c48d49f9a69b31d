import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Snapshots } from '../../commands/ports.ts';

export interface SnapshotsUnderTest {
  /** Two doors to the same snapshots. */
  one: Snapshots;
  other: Snapshots;
  close(): Promise<void>;
}

/** What whoever keeps folded cores must keep (commands/ports.ts). */
export function snapshotsContract(name: string, open: () => Promise<SnapshotsUnderTest>): void {
  describe(`snapshots in ${name}`, () => {
    let snapshots: SnapshotsUnderTest;
    beforeEach(async () => {
      snapshots = await open();
    });
    afterEach(() => snapshots.close());

    test('are one for each stream, the last one saved', async () => {
      const { one, other } = snapshots;
      expect(await one.load('chat-a')).toBeNull();
      await one.save('chat-a', 1_000, 'one');
      await other.save('chat-a', 2_000, JSON.stringify({ text: 'ü \0 "\\' }));
      await one.save('chat-b', 5, '');
      expect(await one.load('chat-a')).toEqual({ revision: 2_000, state: '{"text":"ü \\u0000 \\"\\\\"}' });
      expect(await other.load('chat-b')).toEqual({ revision: 5, state: '' });
    });

    test('are never replaced by an older one, of whoever was slower to save it', async () => {
      const { one, other } = snapshots;
      await one.save('chat-a', 2_000, 'newer');
      await other.save('chat-a', 1_000, 'older');
      expect(await one.load('chat-a')).toEqual({ revision: 2_000, state: 'newer' });
      await other.save('chat-a', 2_000, 'again');
      expect(await one.load('chat-a')).toEqual({ revision: 2_000, state: 'again' });
    });

    test('may be large', async () => {
      const state = 'x'.repeat(2_000_000);
      await snapshots.one.save('chat-a', 1, state);
      expect((await snapshots.other.load('chat-a'))?.state.length).toBe(state.length);
    });
  });
}
