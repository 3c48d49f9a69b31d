import { expect, it } from 'vitest';
import { printResult } from '../../bin/cli/query/output.ts';

const FULL = 1_000;

async function warnedOf(pages: readonly number[]): Promise<{ rows: number; warned: boolean }> {
  let [printed, warned] = ['', false];
  const io = {
    out: (text: string) => void (printed = text),
    err: () => void (warned = true),
    drained: async () => undefined,
  };
  async function* rows(): AsyncGenerator<number[][]> {
    for (const count of pages) yield Array.from({ length: count }, (_, row) => [row]);
  }
  await printResult(io, { columns: [{ name: 'n', type: 'BIGINT' }], rows }, 'table');
  return { rows: printed.split('\n').length - 1, warned };
}

it.each([
  ['as many as are shown', [FULL], false],
  ['as many, in pages of which the last is empty', [600, 400, 0], false],
  ['one more', [FULL + 1], true],
  ['one more, on a page of its own', [600, 400, 0, 1], true],
])('a table says that there are more rows where there are: %s', async (_, pages, warned) => {
  expect(await warnedOf(pages)).toEqual({ rows: FULL, warned });
});
