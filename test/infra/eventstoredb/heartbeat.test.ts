import { expect, onTestFinished, test } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import type { Connection } from '../../../infra/eventstoredb/connection.ts';
import { startHeartbeat } from '../../../infra/eventstoredb/heartbeat.ts';
import { until } from './world.ts';

test('a marker that could not even be sent, and is only told of after the alarm, is a fault like any other', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', onUnhandled);
  onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
  const refusals: (() => void)[] = [];
  const faults: string[] = [];
  const heartbeat = startHeartbeat({
    everyMs: 5,
    alarmMs: 5,
    connection: { link: async () => ({ renewIfSilent: async () => false }) } as unknown as Connection,
    batch: {
      send: () =>
        new Promise((_, reject) => {
          refusals.push(() => reject(new StoreError('unavailable', 'the event store cannot be reached')));
        }),
      retire: () => undefined,
    },
    watched: new Set(),
    onFault: (what) => faults.push(what),
  });
  onTestFinished(heartbeat.stop);
  await until('the alarm was raised', () => faults.length > 0);
  for (const refuse of refusals) refuse();
  const heard = faults.length;
  await until('the next marker is late', () => faults.length > heard);
  expect(unhandled).toEqual([]);
});
