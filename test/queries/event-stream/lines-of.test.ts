import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../events/chat.ts';
import { decodeChatEvent } from '../../../events/codec.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { chatOf } from '../../../events/streams.ts';
import { deterministicUuid } from '../../../infra/system/ids.ts';
import { createLines } from '../../../queries/event-stream/lines-of.ts';
import { pack } from '../../../queries/event-stream/packed.ts';
import { withoutWords } from '../../../queries/visibility/index.ts';
import { randomLog } from '../../support/random-log.ts';

/** What a line is by definition: the event as everybody reads it, as JSON. */
const EPOCH = 'abc123';
const ULID = '01HQ3ZS5X0ZZZZZZZZZZZZZZZZ';
const decoded = (events: readonly RecordedEvent[], of: (event: ChatEvent) => unknown = (event) => event): string =>
  events
    .filter(({ stream }) => chatOf(stream) !== null)
    .map((event) => `${JSON.stringify(of(decodeChatEvent(event, EPOCH)))}\n`)
    .join('');
const spliced = (events: readonly RecordedEvent[], options: { content?: boolean; positions?: boolean } = {}): string =>
  Buffer.from(createLines({ epoch: EPOCH, filter: {}, content: true, ...options })(pack(events)).bytes).toString();

function event(data: unknown, { type = 'MessageSent', metadata = {} as object | string, ...more } = {}): RecordedEvent {
  const full = { v: 1, actor: ULID, at: 1_104_000_000_007, commandId: ULID, correlationId: ULID };
  return {
    stream: `chat-${ULID}`,
    revision: 6,
    position: 123_456,
    recordedAt: 1_771_000_000_123,
    eventId: '0a1b2c3d-4e5f-8a6b-9c7d-0123456789ab',
    type,
    data: typeof data === 'string' ? data : JSON.stringify(data),
    metadata: typeof metadata === 'string' ? metadata : JSON.stringify({ ...full, ...metadata }),
    ...more,
  };
}
const sent = (text: string, more: object = {}): object => ({
  messageId: ULID,
  number: 4,
  text: { enc: 'plain', text },
  ...more,
});

describe('a line', () => {
  it('is what decoding and printing make of the event, over random logs', () => {
    for (const seed of [1, 2, 3]) {
      const events = randomLog({ seed, events: 400 }).events.map((each) => ({
        ...each,
        eventId: deterministicUuid('test', each.eventId),
      }));
      expect(spliced(events)).toBe(decoded(events));
      expect(spliced(events, { content: false })).toBe(decoded(events, (each) => withoutWords(each, 'hidden')));
    }
  });

  it('has any words, wherever they stand', () => {
    const words = fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text));
    const tricky = fc.constantFrom(
      '{"enc":"plain","text":"x"}',
      '\\',
      '"',
      '"}',
      '\\"}',
      '{"enc":',
      '\u001e',
      '\u0000',
      '🦉',
    );
    const text = fc.array(fc.oneof(words, tricky), { maxLength: 5 }).map((parts) => parts.join(''));
    const data = fc.record({ text, author: text, name: text }).map(({ text: said, author, name }) =>
      sent(said, {
        mentions: [ULID],
        files: [{ fileId: ULID, name: { enc: 'plain', text: name }, mediaType: 'text/plain', sizeBytes: 3 }],
        origin: { source: 'irc', id: said, at: '2004-12-25T00:00:00Z', author: { enc: 'plain', text: author } },
      }),
    );
    fc.assert(
      fc.property(data, fc.nat(), (each, at) => {
        const events = [event(each, { metadata: { at } })];
        expect(spliced(events)).toBe(decoded(events));
        expect(spliced(events, { content: false })).toBe(decoded(events, (shown) => withoutWords(shown, 'hidden')));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a cause and a trace', { metadata: { causationId: ULID, traceparent: '00-ab-cd-01' } }],
    ['metadata in another order', { metadata: { commandId: ULID, v: 1, extra: [1] } }],
    [
      'metadata with blanks',
      { metadata: `{ "v": 1, "actor": "a", "at": 5, "commandId": "${ULID}", "correlationId": "${ULID}" }` },
    ],
    ['an actor with a quote', { metadata: { actor: 'a"b\\' } }],
    ['a time before 1970', { metadata: { at: -5 } }],
    ['a time beyond the year 9999', { metadata: { at: 253_402_300_800_000 } }],
    ['a younger version', { metadata: { v: 2 } }],
    ['a type that nobody knows', { type: 'MessagePinned' }],
    ['a type that nobody knows, with a quote', { type: 'Not"hing' }],
  ])('is so with %s', (_, more) => {
    const events = [event(sent('Hello'), more), event(sent('again'))];
    expect(spliced(events)).toBe(decoded(events));
    expect(spliced(events, { content: false })).toBe(decoded(events, (each) => withoutWords(each, 'hidden')));
  });

  it('keeps the fields of the data where they lie in the log', () => {
    const events = [
      event({ origin: { author: { text: 'a', enc: 'plain' }, source: 'irc', id: 'x', at: 'y' }, ...sent('b') }),
    ];
    expect(spliced(events)).toBe(decoded(events));
    expect(spliced(events)).toContain('"data":{"origin":{"author":"a",');
  });

  it('leaves its position out where it is asked to', () => {
    const [line] = [spliced([event(sent('x'))], { positions: false })];
    expect(line).toContain('"eventId"');
    expect(line).not.toContain('position');
    expect(spliced([event('{"messageId": 1}', { type: 'MessagePinned' })], { positions: false })).not.toContain(
      'position',
    );
  });
});
