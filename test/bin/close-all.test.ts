import { beforeEach, describe, expect, it } from 'vitest';
import { closeAll, closingAfter } from '../../bin/close-all.ts';

const closed: string[] = [];
const fine = (name: string) => () => void closed.push(name);
const failing = (name: string) => async () => {
  closed.push(name);
  throw new Error(`${name} fails`);
};
beforeEach(() => void closed.splice(0));

describe('closing', () => {
  it('goes on, the last first, after one that fails, and throws that', async () => {
    await expect(closeAll([fine('a'), failing('b'), fine('c')])).rejects.toThrow(/^b fails$/);
    expect(closed).toEqual(['c', 'b', 'a']);
  });

  it('names all that failed', async () => {
    await expect(closeAll([failing('a'), failing('b')])).rejects.toThrow('stopping: Error: b fails; Error: a fails');
  });
});

describe('work', () => {
  const told: string[] = [];
  const warn = (message: string): void => void told.push(message);

  it('that fails is what failed, whatever cannot be closed after it', async () => {
    const closing: (() => unknown)[] = [fine('log')];
    const work = async (): Promise<never> => {
      closing.push(failing('views'));
      throw new Error('the work fails');
    };
    await expect(closingAfter({ closing, warn }, work)).rejects.toThrow('the work fails');
    expect([closed, told]).toEqual([['views', 'log'], ['warning: Error: views fails']]);
  });

  it('that is done and cannot be closed after has failed', async () => {
    await expect(closingAfter({ closing: [failing('log')], warn }, async () => 1)).rejects.toThrow('log fails');
    expect(await closingAfter({ closing: [fine('log')], warn }, async () => 2)).toBe(2);
  });
});
