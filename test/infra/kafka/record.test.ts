import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Link } from '../../../events/backplane.ts';
import { partitionKeyOf } from '../../../events/partition.ts';
import { BadRecord, fromMessage, toMessage } from '../../../infra/kafka/record.ts';

const position = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ unit: 'grapheme', minLength: 1 });
const link: fc.Arbitrary<Link> = fc.record({
  source: fc.nat(1_000),
  after: position,
  position,
  event: fc.constant(null),
});
const eventLink: fc.Arbitrary<Link> = fc
  .record({
    link,
    eventId: fc.uuid(),
    type: text,
    stream: fc.constantFrom('chat-A', 'chat-dm.A.B', 'receipts-dm.A.B.C', 'user-ü', 'config-limits'),
    revision: position,
    recordedAt: position,
    data: fc.json(),
    metadata: fc.json(),
  })
  .map(({ link: chain, ...event }) => ({ ...chain, event: { ...event, position: chain.position } }));

/** As a broker hands it back: header values and values are bytes. */
function received(of: Link) {
  const { message } = toMessage({ partition: 1, link: of });
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, Buffer.from(String(value))]);
  return {
    key: message.key,
    value: message.value === null ? null : Buffer.from(String(message.value)),
    headers: Object.fromEntries(headers) as Record<string, Buffer>,
  };
}

describe('a link as a record', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(fc.oneof(link, eventLink), (one) => {
        expect(fromMessage(received(one))).toEqual(one);
      }),
    );
  });

  test('its value is JSON, its key is what keeps its order, its size is no less than it takes', () => {
    fc.assert(
      fc.property(eventLink, (one) => {
        const { key, value, headers } = received(one);
        const event = one.event as NonNullable<Link['event']>;
        expect(JSON.parse(String(value))).toEqual({
          data: JSON.parse(event.data),
          metadata: JSON.parse(event.metadata),
        });
        expect(key).toBe(partitionKeyOf(event.stream));
        const headerBytes = Object.entries(headers).reduce((sum, [name, bytes]) => sum + name.length + bytes.length, 0);
        const { bytes } = toMessage({ partition: 1, link: one });
        expect(bytes).toBeGreaterThanOrEqual(
          Buffer.byteLength(String(key)) + (value?.length ?? 0) + headerBytes - 3 * event.type.length,
        );
      }),
    );
  });

  test('ids and trace context are headers, where the metadata has them', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const metadata = { v: 1, correlationId: '01JD0000000000000000000003', causationId: '01JD0000000000000000000004' };
    const of = (fields: object): Link => ({
      source: 0,
      after: 1,
      position: 2,
      event: {
        eventId: 'e',
        type: 'ChatRenamed',
        stream: 'chat-A',
        revision: 0,
        position: 2,
        recordedAt: 3,
        data: '{"correlationId":"of the data"}',
        metadata: JSON.stringify(fields),
      },
    });
    const headersOf = (fields: object) =>
      Object.fromEntries(Object.entries(received(of(fields)).headers).map(([name, value]) => [name, String(value)]));
    expect(headersOf({ ...metadata, traceparent })).toEqual({
      id: 'e',
      type: 'ChatRenamed',
      stream: 'chat-A',
      link: '0 1 2 0 3 31',
      correlationId: metadata.correlationId,
      causationId: metadata.causationId,
      traceparent,
    });
    expect(Object.keys(headersOf({ v: 1 }))).toEqual(['id', 'type', 'stream', 'link']);
    expect(received({ source: 4, after: 5, position: 6, event: null })).toEqual({
      key: null,
      value: null,
      headers: { link: Buffer.from('4 5 6') },
    });
  });

  test.each([
    ['no link', { link: undefined }],
    ['no numbers', { link: '0 1 x 0 3 2' }],
    ['a negative number', { link: '0 1 -2 0 3 2' }],
    ['too few numbers', { link: '0 1' }],
    ['too few numbers for an event', { link: '0 1 2' }],
    ['no id', { id: undefined }],
    ['another length', { link: '0 1 2 0 3 5' }],
    ['a length beyond the end', { link: '0 1 2 0 3 5000' }],
  ])('%s is a bad record', (_, changed) => {
    const headers = { id: 'e', type: 't', stream: 's', link: '0 1 2 0 3 2', ...changed };
    const bytes = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Buffer.from(value)] as const],
    );
    const value = Buffer.from('{"data":{},"metadata":{}}');
    expect(() => fromMessage({ value, headers: Object.fromEntries(bytes) })).toThrow(BadRecord);
  });
});
