import { createCommands, type MessageLookup } from '../../commands/index.ts';
import type { StoreError } from '../../events/event-store.ts';
import { openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { type Clock, systemClock } from '../../infra/system/clock.ts';
import { emoji } from '../../infra/system/emoji.ts';
import { type Observer, unobserved } from '../observer.ts';
import { ids, nothingKnown, type OpenLog } from '../write-side.ts';

export interface OpenLogOptions {
  /** `events.db`. */
  file: string;
  /** Where ids older than a chat's window are found; without it the stream is read. */
  lookup?: MessageLookup;
  verify?: boolean;
  /** What events are stamped with; the system's where left out. */
  clock?: Clock;
  onFatal?: (error: StoreError) => void;
  onFault?: (what: string, error: unknown) => void;
  observer?: Pick<Observer, 'telemetry' | 'store'>;
}

/** The log of a data folder and the write side over it. Closing it closes the store. */
export async function openLog(options: OpenLogOptions): Promise<OpenLog> {
  const { clock = systemClock } = options;
  const store = await openSqliteEventStore({
    file: options.file,
    clock,
    verify: options.verify ?? false,
    ...(options.onFatal && { onFatal: options.onFatal }),
  });
  const { telemetry, store: observed } = options.observer ?? unobserved;
  const { commands: traced, trace } = telemetry;
  const commands = createCommands({
    store: observed(store),
    snapshots: store,
    lookup: options.lookup ?? nothingKnown,
    ids,
    emoji,
    clock,
    ...(options.onFault && { onFault: options.onFault }),
    ...(trace && { trace }),
  });
  return {
    store,
    commands: traced(commands),
    clock,
    async close() {
      await commands.close();
      await store.close();
    },
  };
}
