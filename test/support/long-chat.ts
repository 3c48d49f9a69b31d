import { ulidBound } from '../../commands/chat/ulid-bound.ts';
import type { EventStore, RecordedEvent } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';
import { BOB, GROUP, NOW } from './commands.ts';

export const MINUTE_MS = 60_000;
const SUFFIX = '0000000000000P';

/** The n-th message of a long chat, from 1, one each minute. */
export const oldId = (n: number): string => `${ulidBound(NOW + n * MINUTE_MS)}00${SUFFIX}`;

/**
 * The store as if the group had lived long: after its first event stand so many messages by Bob, made as they are read;
 * what the store itself holds beyond the first event comes after them.
 */
export function longChat<S extends EventStore>(store: S, messages: number): S {
  const stream = chatStream(GROUP);
  const shift = (event: RecordedEvent): RecordedEvent =>
    event.revision === 0
      ? event
      : { ...event, revision: event.revision + messages, position: event.position + messages };
  return {
    ...store,
    async readStream(name, page) {
      const { from = 0, direction, limit } = page;
      if (name !== stream) return store.readStream(name, page);
      if (direction === 'backwards') throw new Error('nobody reads a chat backwards');
      if (from === 0) {
        const first = await store.readStream(name, { from: 0, limit: 1 });
        return limit === 1 ? first : [...first, ...(await this.readStream(name, { from: 1, limit: limit - 1 }))];
      }
      const end = Math.min(from + limit - 1, messages);
      const made = Array.from({ length: Math.max(0, end - from + 1) }, (_, i) => madeEvent(stream, from + i));
      if (made.length === limit) return made;
      const rest = { from: Math.max(1, from + made.length - messages), limit: limit - made.length };
      return [...made, ...(await store.readStream(name, rest)).map(shift)];
    },
    async append(name, expected, events) {
      if (name !== stream) return store.append(name, expected, events);
      const result = await store.append(name, expected - messages, events);
      if (result.status === 'conflict') return { ...result, actual: result.actual + messages };
      return { ...result, revision: result.revision + messages, position: result.position + messages };
    },
  };
}

function madeEvent(stream: string, n: number): RecordedEvent {
  const id = oldId(n);
  const at = NOW + n * MINUTE_MS;
  return {
    stream,
    revision: n,
    position: n + 10,
    recordedAt: at,
    eventId: `made-${n}`,
    type: 'MessageSent',
    data: `{"messageId":"${id}","number":${n},"text":{"enc":"plain","text":"m${n}"}}`,
    metadata: `{"v":1,"actor":"${BOB}","at":${at},"commandId":"${id}","correlationId":"${id}"}`,
  };
}
