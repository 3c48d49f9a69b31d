import type { EventStore, RecordedEvent } from '../../../../events/event-store.ts';
import { createFeed } from '../../../../infra/memory/feed.ts';
import { createPlainEventStore } from '../../../support/plain-event-store.ts';
import { EPOCH } from '../../../support/random-chat.ts';

/** A store in memory that can be followed, and that tells of each event as it is appended, before anyone else hears. */
export function createLiveStore(options: {
  clock: () => number;
  appended: (event: RecordedEvent) => void;
}): EventStore {
  const plain = createPlainEventStore(options);
  const log: RecordedEvent[] = [];
  const feed = createFeed({
    read: (after, until, limit) => log.filter(({ position }) => position > after && position <= until).slice(0, limit),
    head: () => log.at(-1)?.position ?? 0,
  });
  return {
    ...plain,
    epoch: EPOCH,
    async append(stream, expected, events) {
      const before = await plain.head();
      const result = await plain.append(stream, expected, events);
      if (result.status !== 'appended' || (await plain.head()) === before) return result;
      const written = await plain.readStream(stream, { from: expected + 1, limit: events.length });
      log.push(...written);
      for (const event of written) options.appended(event);
      feed.committed(before + 1, result.position, written);
      return result;
    },
    subscribe: feed.subscribe,
    close: async () => feed.end(),
  };
}
