import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hindsight } from '../support/cli.ts';
import { testFolder } from '../support/folder.ts';

describe('a file of which nothing can be read', () => {
  it.each([
    ['irc', '2004-12-26.txt', ['--chat', 'unread'], ', 2 lines unreadable'],
    ['ndjson', 'unread.ndjson', [], ', 2 lines unreadable'],
  ])('as %s is no success', async (format, name, more, words) => {
    const folder = testFolder();
    const file = join(folder, name);
    writeFileSync(file, 'nonsense\nand more of it\n');
    const { code, stdout } = await hindsight(['import', format, ...more, file], { data: join(folder, 'data') });
    expect(code).toBe(1);
    expect(stdout).toContain(words);
    expect(stdout).toContain(`${name}:1: `);
  });

  it('that is empty is one', async () => {
    const folder = testFolder();
    const file = join(folder, 'empty.ndjson');
    writeFileSync(file, '');
    expect((await hindsight(['import', 'ndjson', file], { data: join(folder, 'data') })).code).toBe(0);
  });
});
