import { expect, test, vi } from 'vitest';
import { patiently } from '../../../bin/cluster/verify/patiently.ts';
import { StoreError } from '../../../events/event-store.ts';

const { signal } = new AbortController();
const away = new StoreError('unavailable', 'no answer in time');

test('a part is compared again where a server did not answer', async () => {
  const part = vi.fn<() => Promise<void>>().mockRejectedValueOnce(away).mockRejectedValueOnce(away);
  part.mockResolvedValue();
  await patiently(part, signal, 1);
  expect(part).toHaveBeenCalledTimes(3);
});

test('what does not pass, or not in time, ends the comparison', async () => {
  const wrong = vi.fn(() => Promise.reject(new Error('no such table')));
  await expect(patiently(wrong, signal, 1)).rejects.toThrow('no such table');
  expect(wrong).toHaveBeenCalledTimes(1);
  const silent = vi.fn(() => Promise.reject(away));
  await expect(patiently(silent, signal, 1)).rejects.toBe(away);
  expect(silent.mock.calls.length).toBeGreaterThan(10);
});

test('who cancels it does not wait for a server that is away', async () => {
  const cancelled = new AbortController();
  const part = vi.fn(() => Promise.reject(away));
  const ended = expect(patiently(part, cancelled.signal, 3_600_000)).rejects.toThrow('aborted');
  await vi.waitFor(() => expect(part).toHaveBeenCalled());
  cancelled.abort();
  await ended;
  expect(part).toHaveBeenCalledTimes(1);
});
