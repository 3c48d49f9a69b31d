import { copyFileSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import { ircLogs } from '../support/irc-logs.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { runnableBlocks } from './blocks.ts';
import { type PageRun, readPage } from './run-page.ts';

/**
 * The handbooks, typed command by command beside a server with the demo on it. A reader has `$PASSWORD` (Ada's),
 * `$HINDSIGHT_DATA`, the day of the demo as `logs/2004-12-25.txt`, and a folder `irc/` of all day logs that are at hand.
 */
const PAGES = ['docs/operators.md', 'docs/analysts.md'].filter((page) => existsSync(join(PACKAGE_ROOT, page)));
const PAGE_WITHIN_MS = 600_000;

describe.each(PAGES)('what %s says', (page) => {
  let server: ServerProcess;
  let reader: PageRun;

  beforeAll(async () => {
    server = await startServerProcess({ env: { HINDSIGHT_DEMO: 'true' } });
    const { users } = JSON.parse(readFileSync(join(server.data, 'demo.json'), 'utf8')) as {
      users: { username: string; password: string }[];
    };
    const ada = users.find(({ username }) => username === 'ada');
    reader = readPage(server, { PASSWORD: ada?.password ?? '' });
    copyFileSync(join(PACKAGE_ROOT, 'bin/demo/2004-12-25.ubuntu.txt'), join(reader.folder, 'logs/2004-12-25.txt'));
    symlinkSync(dirname(ircLogs().days[0]?.path ?? ''), join(reader.folder, 'irc'));
  }, PAGE_WITHIN_MS);
  afterAll(async () => {
    reader?.close();
    await server?.stop();
  });

  test(
    'can be done, and comes out as it shows',
    async () => {
      const blocks = runnableBlocks(page);
      expect(blocks).not.toEqual([]);
      for (const block of blocks) {
        await reader.run(block).catch((cause: unknown) => {
          throw new Error(`${page}:${block.line} (${block.kind}): ${String(cause)}`, { cause });
        });
      }
    },
    PAGE_WITHIN_MS,
  );
});
