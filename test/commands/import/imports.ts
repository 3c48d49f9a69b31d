import { createCommands, type ImportReport, importChat } from '../../../commands/index.ts';
import type { ChatEvent } from '../../../events/chat.ts';
import { decodeChatEvent } from '../../../events/codec.ts';
import { type Outcome } from '../../../events/error-codes.ts';
import type { EventStore } from '../../../events/event-store.ts';
import { chatStream } from '../../../events/streams.ts';
import { ircDay } from '../../../infra/formats/irc.ts';
import { emoji } from '../../../infra/system/emoji.ts';
import { deterministicUuid } from '../../../infra/system/ids.ts';
import { ANN, emptyLookup, NOW, noSnapshots, ulidAt } from '../../support/commands.ts';
import { createMemoryEventStore, type MemoryEventStore } from '../../support/memory/event-store.ts';

export const TITLE = '#test';

/** Day files by name, as their text. */
export type Days = Readonly<Record<string, string>>;

export const filesOf = (days: Days) =>
  Object.entries(days).map(([name, text]) => {
    const file = ircDay(name, Buffer.from(text));
    if (!file) throw new Error(`${name} has no date`);
    return file;
  });

export interface Bench {
  store: MemoryEventStore;
  commands: ReturnType<typeof createCommands>;
  /** What the server's clock says. */
  time: { now: number };
  run(
    days: Days,
    more?: { batchLines?: number; admins?: string[]; title?: string; store?: EventStore },
  ): Promise<Outcome<ImportReport>>;
}

export function bench(): Bench {
  const time = { now: NOW };
  let count = 0;
  const clock = (): number => time.now;
  const store = createMemoryEventStore({ clock });
  const ids = { ulid: () => ulidAt(time.now, ++count), eventId: deterministicUuid };
  const commandsOver = (over: EventStore) =>
    createCommands({ store: over, snapshots: noSnapshots, lookup: emptyLookup, ids, emoji, clock });
  return {
    store,
    commands: commandsOver(store),
    time,
    run: (days, { batchLines = 3, admins = [ANN], title = TITLE, store: over = store } = {}) =>
      importChat(
        { store: over, ids, clock, commands: commandsOver(over), batchLines },
        { source: 'irc', title, admins, files: filesOf(days) },
      ),
  };
}

/** The report; a refusal fails the test with its words. */
export function report(outcome: Outcome<ImportReport>): ImportReport {
  if (!outcome.ok) throw new Error(`${outcome.rejection.code}: ${outcome.rejection.detail}`);
  return outcome.value;
}

export async function chatOf(store: EventStore, chatId: string): Promise<ChatEvent[]> {
  const events = await store.readStream(chatStream(chatId), { limit: 1_000_000 });
  return events.map((event) => decodeChatEvent(event, store.epoch));
}

export { decided } from '../../support/decided.ts';

/** A store whose process dies at its n-th append to a chat, before the append or after it. */
export function dyingStore(store: EventStore, { at, when }: { at: number; when: 'before' | 'after' }): EventStore {
  let appends = 0;
  return {
    ...store,
    async append(stream, expected, events) {
      if (appends >= at) throw new Killed();
      if (stream.startsWith('chat-')) appends++;
      if (appends < at || when === 'after') {
        const result = await store.append(stream, expected, events);
        if (appends < at) return result;
      }
      throw new Killed();
    },
  };
}

export class Killed extends Error {}
