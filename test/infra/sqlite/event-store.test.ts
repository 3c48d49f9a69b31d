import { afterAll } from 'vitest';
import { openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { timeContract } from '../../contracts/event-store/reads.ts';
import { eventStoreContract } from '../../contracts/event-store.ts';
import { snapshotsContract } from '../../contracts/snapshots.ts';
import { temporaryFolders } from '../../support/temporary-folders.ts';

const folders = temporaryFolders();
afterAll(folders.remove);

eventStoreContract('SQLite', async () => {
  const file = folders.file('events.db');
  const store = await openSqliteEventStore({ file });
  return { store, reopen: () => openSqliteEventStore({ file }), close: store.close };
});

timeContract('SQLite', async (clock) => {
  const store = await openSqliteEventStore({ file: folders.file('events.db'), clock });
  return { store, close: store.close };
});

snapshotsContract('SQLite', async () => {
  const store = await openSqliteEventStore({ file: folders.file('events.db') });
  return { one: store, other: store, close: store.close };
});
