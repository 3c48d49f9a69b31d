import { expect, test } from 'vitest';
import { withRepairs } from '../../../bin/cluster/generations/repairs.ts';
import type { Signal, Signals } from '../../../gateway/signals/port.ts';

test('a chat that any process has repaired is told of once, and none that was repaired before', async () => {
  const done = [{ jobId: 'before', chatId: 'a' }];
  let looks = 0;
  const jobs = {
    async repaired() {
      looks += 1;
      return [...done];
    },
  };
  const none: Signals = { slots: 1, slotOf: () => 0, send: () => undefined, receive: () => () => undefined };
  const signals = withRepairs(none, { jobs, onFault: () => undefined });
  const heard: Signal[] = [];
  signals.receive((_, signal) => heard.push(signal));
  await expect.poll(() => looks, { timeout: 20_000 }).toBeGreaterThan(0);
  done.push({ jobId: 'now', chatId: 'b' });
  await expect.poll(() => heard, { timeout: 20_000 }).toEqual([{ kind: 'repaired', chatId: 'b' }]);
  const looked = looks;
  await expect.poll(() => looks, { timeout: 20_000 }).toBeGreaterThan(looked + 1);
  signals.close();
  expect(heard).toHaveLength(1);
});
