import { expect, test } from 'vitest';
import { NO_STREAM, START } from '../../events/event-store.ts';
import { pagesOfLog, pagesOfStream } from '../../events/pages.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';

async function logOf(lengths: readonly number[]) {
  const log = createMemoryEventStore();
  const events = lengths.map((length, n) => ({
    eventId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    type: 'Said',
    data: JSON.stringify('x'.repeat(length)),
    metadata: '{}',
  }));
  for (let at = NO_STREAM + 1; at < events.length; at += 500) await log.append('s', at - 1, events.slice(at, at + 500));
  return log;
}

async function sizes(pages: AsyncIterable<readonly { position: number }[]>): Promise<number[]> {
  const found: number[] = [];
  let last = START;
  for await (const page of pages) {
    for (const { position } of page) expect(position).toBe(++last); // none is left out, none comes twice
    found.push(page.length);
  }
  return found;
}

const SHORT = Array.from({ length: 3_000 }, () => 20);
const LONG = Array.from({ length: 300 }, () => 32_000);

test.each([
  ['the log', (log: Awaited<ReturnType<typeof logOf>>) => pagesOfLog(log, { until: Number.MAX_SAFE_INTEGER })],
  ['a stream', (log: Awaited<ReturnType<typeof logOf>>) => pagesOfStream(log, 's')],
])('%s is read in long pages where events are short, and in short ones where they are long', async (_, pages) => {
  expect(await sizes(pages(await logOf(SHORT)))).toEqual([128, 1_000, 1_000, 872]);
  expect(await sizes(pages(await logOf(LONG)))).toEqual([128, 32, 32, 32, 32, 32, 12]);
  const changing = await sizes(pages(await logOf([...SHORT.slice(0, 200), ...LONG.slice(0, 40), ...SHORT])));
  expect(changing.reduce((sum, size) => sum + size)).toBe(3_240);
});
