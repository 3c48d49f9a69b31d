import { importChat } from '../../commands/index.ts';
import { ircDay } from '../../infra/formats/irc.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { ANN } from './commands.ts';
import { ircLogs } from './irc-logs.ts';
import { createMemoryEventStore } from './memory/event-store.ts';

/** A log that holds every message of the logs, imported as the command line does it. */
export async function importedLogs(): Promise<ReturnType<typeof createMemoryEventStore>> {
  const store = createMemoryEventStore();
  const imported = await importChat(
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
  if (!imported.ok) throw new Error(imported.rejection.detail);
  return store;
}
