import type { RebuildOptions } from '../../gateway/http/ops/port.ts';
import { projectionAdminContract } from '../contracts/projection-admin.ts';
import { arrayLog } from '../support/array-log.ts';
import { randomLog } from '../support/random-log.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';
import { startRunner } from '../support/views.ts';

const LOG = randomLog({ seed: 83, events: 500 });

/** Slow enough that a job of this log takes a minute. */
const HELD: RebuildOptions = { eventsPerSecond: LOG.events.length / 60 };

projectionAdminContract('embedded', async () => {
  const folders = temporaryFolders();
  const running = await startRunner({ log: arrayLog([...LOG.events]), folder: folders.folder() });
  await running.caughtUp();
  const { admin } = running.runner;
  let how: RebuildOptions = {};
  return {
    admin: {
      ...admin,
      rebuild: (name, asked) => admin.rebuild(name, { ...asked, ...how }),
      verify: (name, asked) => admin.verify(name, { ...asked, ...how }),
    },
    chatId: LOG.chats[0]?.chatId ?? '',
    hold(held) {
      how = held ? HELD : {};
    },
    async close() {
      await running.close();
      folders.remove();
    },
  };
});
