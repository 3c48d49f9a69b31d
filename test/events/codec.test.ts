import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, decodeChatEvent, decodeToDecide, MalformedEvent, rfc3339, versionOf } from '../../events/codec.ts';
import { encodeChatEvent } from '../../events/encode.ts';
import { type UpcasterTable, upcast } from '../../events/upcasters.ts';
import { GOLDEN_EPOCH, goldenCases, goldenEvent } from './golden-files.ts';

describe('an event of a type that no schema knows', () => {
  const event = goldenEvent('chat/MessageSent.v1', {
    type: 'MessagePinned',
    data: { colour: 'red' },
    metadata: { v: 4 },
  });

  test('is decoded as it is, and said to be unknown', () => {
    expect(decode(event)).toMatchObject({ known: false, type: 'MessagePinned', data: JSON.parse(event.data) });
  });

  test('keeps its type, version and data on the way out and back', () => {
    const seen = decodeChatEvent(event, GOLDEN_EPOCH);
    expect(seen).toMatchObject({ type: 'MessagePinned', v: 4, seq: 7, data: JSON.parse(event.data) });
    const back = encodeChatEvent(seen);
    expect({ ...back, data: JSON.parse(back?.data ?? ''), metadata: JSON.parse(back?.metadata ?? '') }).toEqual({
      type: 'MessagePinned',
      data: JSON.parse(event.data),
      metadata: JSON.parse(event.metadata),
    });
  });

  test('is unknown in the stream of another category too', () => {
    expect(decode({ ...event, stream: 'user-01HQ3ZS5X0AAAAAAAAAAAAAAAA' }).known).toBe(false);
    const sent = goldenEvent('chat/MessageSent.v1');
    expect(decode({ ...sent, stream: 'connection-a.b' })).toMatchObject({ known: false, data: JSON.parse(sent.data) });
  });
});

describe('an event in a version that a newer program wrote', () => {
  test.each(goldenCases)('is never read as $title', ({ event, file, stored }) => {
    const v = versionOf(file.type) + 1;
    const newer = { ...event, metadata: JSON.stringify({ ...(stored.metadata as object), v }) };
    const name = `${file.type}.v${v}`;
    expect(decode(newer)).toMatchObject({ known: false, type: name, data: stored.data });
    expect(() => decodeToDecide(newer)).toThrow(`version ${v} is of a newer program`);
    expect(decodeToDecide(event)).toEqual(decode(event));
    if (file.category !== 'chat') return;
    const seen = decodeChatEvent(newer, GOLDEN_EPOCH);
    expect(seen).toMatchObject({ type: name, v, data: stored.data });
    const back = encodeChatEvent(seen);
    expect([back?.type, JSON.parse(back?.data ?? '')]).toEqual([file.type, stored.data]);
  });

  test('need not fit the schema of this one', () => {
    const event = goldenEvent('chat/MessageSent.v1', { data: { messageId: { other: 1 } }, metadata: { v: 2 } });
    expect(decode(event)).toMatchObject({ known: false, data: { messageId: { other: 1 } } });
  });
});

describe('a field that a younger version added', () => {
  test.each(goldenCases)('survives in $title', ({ event, stored }) => {
    const younger = { ...event, data: JSON.stringify({ ...(stored.data as object), younger: { n: [1] } }) };
    expect(decode(younger)).toMatchObject({ known: true, data: { younger: { n: [1] } } });
    if (!event.stream.startsWith('chat-')) return;
    const seen = decodeChatEvent(younger, GOLDEN_EPOCH);
    expect(seen.data).toMatchObject({ younger: { n: [1] } });
    expect(JSON.parse(encodeChatEvent(seen)?.data ?? '')).toEqual(JSON.parse(younger.data));
  });

  test('survives in the metadata', () => {
    const event = goldenEvent('chat/MessageDeleted.v1', { metadata: { traceId: 'abc' } });
    expect(decode(event).metadata).toMatchObject({ traceId: 'abc' });
  });
});

describe('a malformed event', () => {
  const sent = goldenEvent('chat/MessageSent.v1');
  test.each([
    ['data that is no JSON', { ...sent, data: '{"messageId":' }],
    ['metadata that is no JSON', { ...sent, metadata: 'v1' }],
    ['a field that is missing', goldenEvent('chat/MessageEdited.v1', { data: { rev: undefined } })],
    ['words without their tag', goldenEvent('chat/MessageSent.v1', { data: { text: 'naked' } })],
    [
      'words in a form nobody knows',
      goldenEvent('chat/MessageSent.v1', { data: { text: { enc: 'rot13', text: 'n' } } }),
    ],
    ['an id that is none', goldenEvent('chat/MessageSent.v1', { data: { messageId: 'm1' } })],
    ['a number of nought', goldenEvent('chat/MessageSent.v1', { data: { number: 0 } })],
    ['a role nobody has', goldenEvent('chat/MemberAdded.v1', { data: { role: 'owner' } })],
    ['no version', goldenEvent('chat/MessageSent.v1', { metadata: { v: undefined } })],
    ['a time that is text', goldenEvent('chat/MessageSent.v1', { metadata: { at: '2024-02-19T09:30:00.123Z' } })],
    ['a receipt below nought', goldenEvent('receipts/ReceiptsMoved.v1', { data: { readSeq: -1 } })],
    ['unknown type, no metadata', goldenEvent('chat/MessageSent.v1', { type: 'New', metadata: { actor: undefined } })],
  ])('%s: it is refused by name, never skipped', (_, event) => {
    const refusal = thrownBy(() => decode(event));
    expect(refusal).toBeInstanceOf(MalformedEvent);
    expect(JSON.parse(JSON.stringify(refusal))).toEqual({ code: 'malformed-event', name: 'MalformedEvent' }); // it is logged: no words
    expect((refusal as Error).message).toContain(`${event.stream} revision ${event.revision} (${event.type})`);
  });

  test('only the stream of a chat holds chat events', () => {
    expect(() => decodeChatEvent(goldenEvent('user/UserRenamed.v1'), GOLDEN_EPOCH)).toThrow(
      'is not the stream of a chat',
    );
  });
});

describe('upcasters', () => {
  const table: UpcasterTable = {
    Moved: {
      1: (data) => ({ ...(data as object), second: true }),
      2: (data) => ({ third: (data as { second: boolean }).second }),
    },
  };

  test('carry the data of every version to the current one, step by step', () => {
    expect(upcast('Moved', 1, { first: 1 }, table)).toEqual({ third: true });
    expect(upcast('Moved', 2, { second: false }, table)).toEqual({ third: false });
  });

  test('leave the current version, a younger one and other types alone', () => {
    const data = { first: 1 };
    expect(upcast('Moved', 3, data, table)).toBe(data);
    expect(upcast('Moved', 9, data, table)).toBe(data);
    expect(upcast('Other', 1, data, table)).toBe(data);
  });

  test('change nothing of what is stored', () => {
    const data = Object.freeze({ first: 1 });
    upcast('Moved', 1, data, table);
    expect(data).toEqual({ first: 1 });
  });
});

describe('times', () => {
  test('are RFC 3339 in UTC with milliseconds, and read back to the same instant', () => {
    expect(rfc3339(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(rfc3339(Date.UTC(2024, 1, 29, 23, 59, 59, 7))).toBe('2024-02-29T23:59:59.007Z');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (time) => {
        const text = rfc3339(time);
        expect(text).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
        expect(Date.parse(text)).toBe(time);
        expect(rfc3339(time)).toBe(text);
      }),
    );
  });

  test('of two instants in turn are not mixed up', () => {
    expect([1, 2, 1, 1, 2].map(rfc3339).map(Date.parse)).toEqual([1, 2, 1, 1, 2]);
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return null;
}
