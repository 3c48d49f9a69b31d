import { beforeAll, describe, expect, it } from 'vitest';
import type { ImportReport } from '../../../commands/index.ts';
import type { ChatEvent } from '../../../events/chat.ts';
import { decode } from '../../../events/codec.ts';
import { plain } from '../../../events/content.ts';
import { userStream } from '../../../events/streams.ts';
import { importLogs } from '../../support/imported-logs.ts';
import { ircLogs } from '../../support/irc-logs.ts';
import { createMemoryEventStore } from '../../support/memory/event-store.ts';
import { chatOf, report } from './imports.ts';
import { type Expected, type Reading, readIndependently } from './independent-reader.ts';

const IMPORT_WITHIN_MS = 120_000;

describe('the real logs', () => {
  const { days, whole } = ircLogs();
  const store = createMemoryEventStore();
  let expected: Reading;
  let done: ImportReport;
  let events: ChatEvent[];

  const importAll = async (): Promise<ImportReport> => report(await importLogs(store));

  beforeAll(async () => {
    expected = readIndependently(days);
    done = await importAll();
    events = await chatOf(store, done.chatId);
  }, IMPORT_WITHIN_MS);

  it('are all read, and every line is accounted for', () => {
    expect(days.length).toBeGreaterThanOrEqual(whole ? 51 : 1);
    expect(expected.lines).toBeGreaterThan(whole ? 70_000 : 50);
    expect(done).toMatchObject({ lines: expected.lines, appended: expected.events.length, already: 0 });
    expect(done.unreadable.map(({ file, line }) => `${file}:${line}`)).toEqual(expected.unreadable);
  });

  it('come out as an independent reader expects, line by line: senders, times, texts, comings and goings', async () => {
    const names = await displayNames(events);
    const found = events.map((event) => asExpected(event, names));
    for (const [index, event] of expected.events.entries()) {
      if (JSON.stringify(found[index]) !== JSON.stringify(event))
        expect(found[index], `seq ${index + 1}`).toEqual(event);
    }
    expect(found).toHaveLength(expected.events.length);
  });

  it('have every author under one name, and no two under the same', async () => {
    const names = await displayNames(events);
    const nicks = new Set(expected.events.flatMap(({ nick }) => (nick === null ? [] : [nick])));
    expect(new Set(names.values())).toEqual(nicks);
    expect(names.size).toBe(nicks.size);
  });

  it('append nothing the second time', { timeout: IMPORT_WITHIN_MS }, async () => {
    const head = await store.head();
    expect(await importAll()).toEqual({ ...done, appended: 0, already: events.length });
    expect(await store.head()).toBe(head);
  });

  async function displayNames(of: readonly ChatEvent[]): Promise<Map<string, string>> {
    const names = new Map<string, string>();
    for (const userId of new Set(of.slice(1).map(({ actor }) => actor))) {
      const [registered] = await store.readStream(userStream(userId), { limit: 1 });
      if (!registered) throw new Error(`${userId} is no user`);
      const { displayName } = decode(registered).data as { displayName: ReturnType<typeof plain> };
      names.set(userId, displayName.text);
    }
    return names;
  }
});

function asExpected(event: ChatEvent, names: ReadonlyMap<string, string>): Expected {
  const { type, at, actor } = event;
  const nick = names.get(actor) ?? null;
  if (type === 'MessageSent') {
    const { text, number, origin } = event.data;
    return { type, nick, text, number, ...(origin && { origin: origin.id }), at };
  }
  if (type === 'MemberAdded' || type === 'MemberRemoved') {
    return { type, nick: event.data.userId === actor ? nick : 'somebody else', at };
  }
  return { type: 'ChatStarted', nick, at };
}
