import { expect, test } from 'vitest';
import { createGate } from '../../../infra/cassandra/gate.ts';

/** Work that ends when told to. */
function held(): { work: () => Promise<void>; end(): void; running(): boolean } {
  let running = false;
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  return {
    work: async () => {
      running = true;
      await over;
    },
    end: () => end(),
    running: () => running,
  };
}

test('so much runs at once, and what waits goes on in order, also after a failure', async () => {
  const gate = createGate({ limit: 2, waitingMax: 10 });
  const [one, two, three, four] = [held(), held(), held(), held()];
  const first = gate.run(one.work);
  const failing = gate.run(async () => {
    await two.work();
    throw new Error('no');
  });
  const third = gate.run(three.work);
  const fourth = gate.run(four.work);
  expect([one, two, three, four].map(({ running }) => running())).toEqual([true, true, false, false]);
  two.end();
  await expect(failing).rejects.toThrow('no');
  await expect.poll(three.running).toBe(true);
  expect(four.running()).toBe(false);
  for (const each of [one, three, four]) each.end();
  await Promise.all([first, third, fourth]);
  expect(await gate.run(async () => 'free')).toBe('free');
});

test('more than may wait is refused at once', async () => {
  const gate = createGate({ limit: 1, waitingMax: 1 });
  const one = held();
  const running = gate.run(one.work);
  const waiting = gate.run(async () => 'waited');
  await expect(gate.run(async () => 'too many')).rejects.toMatchObject({ code: 'busy', temporary: true });
  one.end();
  await running;
  expect(await waiting).toBe('waited');
});
