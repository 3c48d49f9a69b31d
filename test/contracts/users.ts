import { describe, expect, it } from 'vitest';
import { plain } from '../../events/content.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { UserRow, UsersReader } from '../../queries/users/view.ts';
import { recordedUser } from '../support/array-log.ts';

const user = (n: number): string => `01HZZZZZZZV${String(n).padStart(15, '0')}`;
const ROWS: readonly UserRow[] = [
  { userId: user(1), username: 'mara', displayName: 'Mara Lind' },
  { userId: user(2), username: 'marc_o', displayName: 'Öztürk' },
  { userId: user(3), username: 'zed', displayName: 'MARGIT' },
  { userId: user(4), username: null, displayName: 'Marvin the importer' },
  { userId: user(5), username: 'ana', displayName: 'Tamara' },
];

/** What a reader of users answers once it has taken in a log. `open` is given all of the log. */
export function usersContract(open: (events: readonly RecordedEvent[]) => Promise<UsersReader>): void {
  describe('users', () => {
    const events = ROWS.map(({ userId, username, displayName }, n) => {
      const data = { username, displayName: plain(displayName), password: username !== null };
      return recordedUser({ position: n + 1, revision: 0, actor: userId }, { type: 'UserRegistered', data });
    });
    const names = async (reader: UsersReader, query: Parameters<UsersReader['search']>[0]) =>
      (await reader.search(query)).map(({ displayName }) => displayName);

    it('gives each user by id', async () => {
      const reader = await open(events);
      for (const row of ROWS) expect(await reader.user(row.userId)).toEqual(row);
      expect(await reader.user(user(9))).toBeNull();
    });
    it('finds the beginning of a username or a display name, whatever its case, in order', async () => {
      const reader = await open(events);
      expect(await names(reader, { text: 'mar', mode: 'prefix', limit: 10 })).toEqual([
        'Marvin the importer',
        'Mara Lind',
        'Öztürk',
        'MARGIT',
      ]);
      expect(await names(reader, { text: 'özt', mode: 'prefix', limit: 10 })).toEqual(['Öztürk']);
      expect(await names(reader, { text: '01h', mode: 'prefix', limit: 10 })).toEqual([]);
    });
    it('finds parts of names where it may', async () => {
      const reader = await open(events);
      expect(await names(reader, { text: 'mara', mode: 'part', limit: 10 })).toEqual(['Tamara', 'Mara Lind']);
    });
    it('pages, each user once', async () => {
      const reader = await open(events);
      const found: string[] = [];
      for (let after: string | undefined; ; ) {
        const rows = await reader.search({
          text: 'mar',
          mode: 'prefix',
          limit: 1,
          ...(after !== undefined && { after }),
        });
        const [row] = rows;
        if (!row) break;
        found.push(row.displayName);
        after = row.username ?? row.userId;
      }
      expect(found).toEqual(['Marvin the importer', 'Mara Lind', 'Öztürk', 'MARGIT']);
    });
    it('follows a change of name', async () => {
      const renamed = recordedUser(
        { position: 20, revision: 1, actor: user(3) },
        { type: 'UserRenamed', data: { displayName: plain('Greta') } },
      );
      const reader = await open([...events, renamed]);
      expect(await reader.user(user(3))).toEqual({ userId: user(3), username: 'zed', displayName: 'Greta' });
      expect(await names(reader, { text: 'gret', mode: 'prefix', limit: 10 })).toEqual(['Greta']);
      expect(await names(reader, { text: 'margit', mode: 'prefix', limit: 10 })).toEqual([]);
    });
  });
}
