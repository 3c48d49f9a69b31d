import { importChat } from '../../commands/index.ts';
import { ircDay } from '../../infra/formats/irc.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { ANN } from './commands.ts';
import { ircLogs } from './irc-logs.ts';
import { createMemoryEventStore } from './memory/event-store.ts';

type Store = ReturnType<typeof createMemoryEventStore>;

/** Imports every message of the logs, as the command line does it; what is there already is not written again. */
export const importLogs = (store: Store): ReturnType<typeof importChat> =>
  importChat(
    {
      store,
      ids: { ulid: () => ANN, eventId: deterministicUuid },
      clock: Date.now,
      commands: { recordOps: async () => undefined },
    },
    {
      source: 'irc',
      title: '#ubuntu',
      admins: [ANN],
      files: ircLogs().days.map(({ name, bytes }) => {
        const day = ircDay(name, bytes);
        if (!day) throw new Error(`${name} is no day's log`);
        return day;
      }),
    },
  );

/** A log that holds every message of the logs. */
export async function importedLogs(): Promise<Store> {
  const store = createMemoryEventStore();
  const imported = await importLogs(store);
  if (!imported.ok) throw new Error(imported.rejection.detail);
  return store;
}
