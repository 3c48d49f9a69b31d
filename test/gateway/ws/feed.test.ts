import { expect, test, vi } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import type { LiveFeed } from '../../../gateway/live-feed.ts';
import { adaptersHere } from './support/adapters.ts';
import { startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();
const [adapter] = adapters;
if (!adapter) throw new Error('no adapter');

test('a feed that fails for good is told once, and one that fails for now is followed again', async () => {
  const failures = [new StoreError('unavailable', 'away'), new StoreError('corrupt', 'the log was replaced')];
  const onFatal = vi.fn();
  const feed = (log: LiveFeed): LiveFeed => ({
    epoch: log.epoch,
    head: () => log.head(),
    subscribe: () => {
      const failure = failures.shift();
      if (!failure) throw new Error('followed after it has failed for good');
      throw failure;
    },
  });
  const w = await startWorld({ adapter, feed, onFatal });
  await vi.waitFor(() => expect(onFatal).toHaveBeenCalled(), { timeout: 10_000 });
  expect(onFatal).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'corrupt' }));
  expect(w.gateway.counters.feedFailures).toBe(1);
  await w.close();
});
