import { expect, it } from 'vitest';
import { composed, type ServerOptions, StoppedStarting } from '../../../bin/server/composition.ts';

function world() {
  const stop = new AbortController();
  const closed: string[] = [];
  const warned: string[] = [];
  const options = { stop: stop.signal, warn: (text: string) => void warned.push(text) } as unknown as ServerOptions;
  return { stop, closed, warned, options };
}

it('closes what is open when it is told to stop, the last first, whatever it waits for', async () => {
  const { stop, closed, warned, options } = world();
  const never = new Promise<never>(() => undefined);
  const opened = composed(options, async (on) => {
    on.onClose(() => closed.push('first'));
    on.onClose(() => {
      closed.push('second');
      throw new Error('half open');
    });
    return never;
  });
  stop.abort();
  await expect(opened).rejects.toThrow(StoppedStarting);
  expect(closed).toEqual(['second', 'first']);
  expect(warned).toEqual([expect.stringContaining('half open')]);
});

it('closes at once what comes to be open after that', async () => {
  const { stop, closed, options } = world();
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  let done: Promise<void> = Promise.resolve();
  const opened = composed(options, (on) => {
    done = reached.then(() => on.onClose(() => closed.push('late')));
    return done;
  });
  stop.abort();
  await expect(opened).rejects.toThrow(StoppedStarting);
  reach();
  await done;
  await expect.poll(() => closed).toEqual(['late']);
});

it('is up where it is told to stop after that', async () => {
  const { stop, closed, options } = world();
  const server = await composed(options, async (on) => {
    on.onClose(() => closed.push('it'));
    return on;
  });
  stop.abort();
  await server.close();
  expect(closed).toEqual(['it']);
});
