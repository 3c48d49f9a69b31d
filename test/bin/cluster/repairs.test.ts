import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withRepairs } from '../../../bin/cluster/generations/repairs.ts';
import type { Signal, Signals } from '../../../gateway/signals/port.ts';

const OUTAGE_MS = 60_000;
const FEW_LOOKS_MS = 5_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function world() {
  const done: { jobId: string; chatId: string; endedAt: number }[] = [];
  const state = { down: false, faults: 0 };
  const jobs = {
    async repaired(withinMs: number) {
      if (state.down) throw new Error('no database');
      return done.filter(({ endedAt }) => endedAt >= performance.now() - withinMs);
    },
  };
  const none: Signals = { slots: 1, slotOf: () => 0, send: () => undefined, receive: () => () => undefined };
  const repair = (chatId: string): void => {
    done.push({ jobId: `job ${done.length}`, chatId, endedAt: performance.now() });
  };
  const heard: string[] = [];
  const open = () => {
    const signals = withRepairs(none, { jobs, onFault: () => void (state.faults += 1) });
    signals.receive((_, signal: Signal) => {
      if (signal.kind === 'repaired') heard.push(signal.chatId);
    });
    return signals;
  };
  return { state, heard, repair, open };
}

test('a chat that any process has repaired is told of once, and none that was repaired before', async () => {
  const { heard, repair, open } = world();
  repair('before');
  await vi.advanceTimersByTimeAsync(1);
  const signals = open();
  repair('at once');
  await vi.advanceTimersByTimeAsync(FEW_LOOKS_MS);
  repair('later');
  await vi.advanceTimersByTimeAsync(FEW_LOOKS_MS);
  signals.close();
  expect(heard).toEqual(['at once', 'later']);
});

test('what was repaired while nobody could look is told of when somebody can', async () => {
  const { state, heard, repair, open } = world();
  const signals = open();
  await vi.advanceTimersByTimeAsync(FEW_LOOKS_MS);
  state.down = true;
  repair('meanwhile');
  await vi.advanceTimersByTimeAsync(OUTAGE_MS);
  expect(state.faults).toBeGreaterThan(0);
  state.down = false;
  await vi.advanceTimersByTimeAsync(FEW_LOOKS_MS);
  signals.close();
  expect(heard).toEqual(['meanwhile']);
});
