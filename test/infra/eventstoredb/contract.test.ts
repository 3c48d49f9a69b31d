import { afterAll } from 'vitest';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { timeContract } from '../../contracts/event-store/reads.ts';
import { eventStoreContract } from '../../contracts/event-store.ts';
import { temporaryFolders } from '../../support/temporary-folders.ts';

const folders = temporaryFolders();
afterAll(folders.remove);

/** For machines that others use too: what is proven here is not how quick it is. */
const PATIENT = { appendDeadlineMs: 50_000, readDeadlineMs: 50_000 };

/** A real server's connection string: then the contract runs on that, among whatever else is in its log. */
const SERVER = process.env.HINDSIGHT_TEST_EVENTSTORE_URL;

if (SERVER) {
  eventStoreContract('EventStoreDB', async () => {
    const store = await openEventStoreDb({ ...PATIENT, url: SERVER });
    return { store, reopen: () => openEventStoreDb({ ...PATIENT, url: SERVER }), close: store.close };
  });
} else {
  onStandIn('the stand-in for EventStoreDB', 1);
  // As on the real server, where positions are places in a file: one less than a position is none.
  onStandIn('the stand-in for EventStoreDB, with holes between positions', 64);

  timeContract('the stand-in for EventStoreDB', async (clock) => {
    const standIn = await startStandIn({ file: folders.file('events.db'), clock });
    const store = await openEventStoreDb({ ...PATIENT, url: standIn.url, heartbeat: null });
    return {
      store,
      async close() {
        await store.close();
        await standIn.close();
      },
    };
  });
}

function onStandIn(name: string, stride: number): void {
  eventStoreContract(name, async () => {
    const standIn = await startStandIn({ file: folders.file('events.db'), stride });
    const store = await openEventStoreDb({ ...PATIENT, url: standIn.url });
    return {
      store,
      reopen: () => openEventStoreDb({ ...PATIENT, url: standIn.url }),
      async close() {
        await store.close();
        await standIn.close();
      },
    };
  });
}
