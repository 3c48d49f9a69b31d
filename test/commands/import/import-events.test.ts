import { describe, expect, it } from 'vitest';
import { importEvents } from '../../../commands/index.ts';
import type { ChatEvent } from '../../../events/chat.ts';
import type { EventStore } from '../../../events/event-store.ts';
import { createMemoryEventStore } from '../../support/memory/event-store.ts';
import { bench, chatOf, decided, report } from './imports.ts';

const DAYS = { '2004-12-24.txt': '[09:14] <bob> one\n[09:14] <amy> two\n[09:15] <bob> three\n' };

async function chat(title: string): Promise<ChatEvent[]> {
  const { run, store } = bench();
  return chatOf(store, report(await run(DAYS, { title })).chatId);
}

async function* linesOf(events: readonly unknown[]): AsyncGenerator<string> {
  for (const event of events) yield typeof event === 'string' ? event : JSON.stringify(event);
}

const take = (store: EventStore, events: readonly unknown[]) =>
  importEvents(store, { file: 'all.ndjson', lines: linesOf(events) });

describe('an import of events', () => {
  it('gives the chats that were exported, and nothing the second time', async () => {
    const [one, other] = [await chat('one'), await chat('other')];
    const mixed = one.flatMap((event, i) => [event, other[i]]);
    const store = createMemoryEventStore();
    expect(await take(store, mixed)).toMatchObject({
      ok: true,
      value: { chatId: null, lines: mixed.length, appended: mixed.length, already: 0, unreadable: [] },
    });
    expect(decided(await chatOf(store, one[0]?.chatId ?? ''))).toEqual(decided(one));
    expect(decided(await chatOf(store, other[0]?.chatId ?? ''))).toEqual(decided(other));
    expect(await take(store, mixed)).toMatchObject({ ok: true, value: { appended: 0, already: mixed.length } });
    expect(await take(store, one)).toMatchObject({ ok: true, value: { chatId: one[0]?.chatId, already: one.length } });
  });

  it('goes on where an earlier one stopped', async () => {
    const events = await chat('one');
    const store = createMemoryEventStore();
    await take(store, events.slice(0, 3));
    expect(await take(store, events)).toMatchObject({ ok: true, value: { appended: events.length - 3, already: 3 } });
    expect(decided(await chatOf(store, events[0]?.chatId ?? ''))).toEqual(decided(events));
  });

  it('passes over the line that ends an export, and names lines that are no events', async () => {
    const events = await chat('one');
    const end = { end: true, position: 'x-1', count: events.length, sha256: '0' };
    expect(await take(createMemoryEventStore(), ['', ...events, 'nonsense', '{"a":1}', end])).toMatchObject({
      ok: true,
      value: {
        lines: events.length + 2,
        appended: events.length,
        unreadable: [
          { file: 'all.ndjson', line: events.length + 2, why: 'not JSON' },
          { file: 'all.ndjson', line: events.length + 3, why: expect.any(String) },
        ],
      },
    });
  });

  it.each<[string, string, (events: ChatEvent[]) => ChatEvent[]]>([
    ['a gap', 'import-behind', (events) => events.filter(({ seq }) => seq !== 3)],
    ['no beginning', 'import-behind', (events) => events.slice(1)],
    [
      'a time that falls',
      'bad-request',
      (events) => events.map((event) => (event.seq === 3 ? { ...event, at: '2004-01-01T00:00:00.000Z' } : event)),
    ],
    [
      'withheld words',
      'bad-request',
      (events) =>
        events.map((event) =>
          event.type === 'MessageSent'
            ? { ...event, data: { ...event.data, text: '', withheld: 'hidden' as const } }
            : event,
        ),
    ],
  ])('stops at %s', async (_, code, change) => {
    expect(await take(createMemoryEventStore(), change(await chat('one')))).toMatchObject({
      ok: false,
      rejection: { code },
    });
  });

  it('stops where the log holds another event in its place', async () => {
    const events = await chat('one');
    const store = createMemoryEventStore();
    await take(store, events.slice(0, 3));
    const other = events.map((event) =>
      event.seq === 3 ? { ...event, eventId: '00000000-0000-4000-8000-000000000000' } : event,
    );
    expect(await take(store, other)).toMatchObject({ ok: false, rejection: { code: 'import-behind' } });
    expect(await chatOf(store, events[0]?.chatId ?? '')).toHaveLength(3);
  });
});
