import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../events/chat.ts';
import { parsePosition } from '../../../events/position.ts';
import { deterministicUuid } from '../../../infra/system/ids.ts';
import { type EventFilter, type EventStreamOptions, readEventStream } from '../../../queries/event-stream/index.ts';
import { arrayLog } from '../../support/array-log.ts';
import { randomLog } from '../../support/random-log.ts';

const { events, chatEvents } = randomLog({ seed: 11, events: 2_600 });
const withUuid = <T extends { eventId: string }>(event: T): T => ({
  ...event,
  eventId: deterministicUuid('test', event.eventId),
});
const log = arrayLog(events.map(withUuid));
const everything = chatEvents.map(withUuid).sort((a, b) => place(a) - place(b));

function place({ position }: ChatEvent): number {
  return parsePosition(position)?.position ?? Number.NaN;
}

async function read(filter: EventFilter, more: Partial<EventStreamOptions> = {}): Promise<ChatEvent[]> {
  const found: ChatEvent[] = [];
  const signal = new AbortController().signal;
  for await (const page of readEventStream({ log, filter, content: true, follow: false, signal, ...more })) {
    const text = Buffer.from(page.bytes).toString();
    found.push(
      ...text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as ChatEvent),
    );
  }
  return found;
}

const words = ({ data }: ChatEvent): string => JSON.stringify(data).toLowerCase();
const middle = everything[Math.floor(everything.length / 2)] as ChatEvent;
const later = everything[Math.floor(everything.length * 0.8)] as ChatEvent;

describe('the events of all chats', () => {
  it('are those of the log, in its order', async () => {
    expect(await read({})).toEqual(everything);
  });

  const cases: [string, EventFilter, (event: ChatEvent) => boolean][] = [
    [
      'types',
      { types: new Set(['MessageSent', 'ChatStarted']) },
      ({ type }) => /^(MessageSent|ChatStarted)$/.test(type),
    ],
    ['a chat', { chatId: middle.chatId }, ({ chatId }) => chatId === middle.chatId],
    ['an actor', { actor: middle.actor }, ({ actor }) => actor === middle.actor],
    ['time', { from: Date.parse(middle.at), to: Date.parse(later.at) }, ({ at }) => at >= middle.at && at <= later.at],
    [
      'place',
      { after: place(middle), until: place(later) },
      (event) => place(event) > place(middle) && place(event) <= place(later),
    ],
    ['place, the end left out', { before: place(middle) }, (event) => place(event) < place(middle)],
    [
      'a chat, time and place',
      { chatId: middle.chatId, from: Date.parse(middle.at), to: Date.parse(later.at), before: place(later) },
      (event) =>
        event.chatId === middle.chatId && event.at >= middle.at && event.at <= later.at && place(event) < place(later),
    ],
  ];
  it.each(cases)('are narrowed by %s, and read backward as forward', async (_, filter, holds) => {
    const expected = everything.filter(holds);
    expect(expected.length).toBeGreaterThan(0);
    expect(await read(filter)).toEqual(expected);
    expect(await read(filter, { order: 'backward' })).toEqual(expected.toReversed());
  });

  it('are found by their words, capital or small', async () => {
    const said = everything.find(({ type }) => type === 'MessageSent') as ChatEvent & { type: 'MessageSent' };
    const part = said.data.text.slice(0, 3);
    const found = await read({ text: part.toUpperCase() });
    expect(found).toContainEqual(said);
    for (const event of found) expect(words(event)).toContain(part.toLowerCase());
    expect(await read({ text: 'no such words' })).toEqual([]);
    expect(await read({ text: said.data.messageId.slice(0, 10) })).toEqual([]);
  });

  it('go on after, or backward before, the last line that somebody has', async () => {
    const [forward, backward] = [await read({}), await read({}, { order: 'backward' })];
    const [seen, unseen] = [forward[1_300], backward[1_300]] as [ChatEvent, ChatEvent];
    expect(await read({ after: place(seen) })).toEqual(forward.slice(1_301));
    expect(await read({ before: place(unseen) }, { order: 'backward' })).toEqual(backward.slice(1_301));
  });
});
