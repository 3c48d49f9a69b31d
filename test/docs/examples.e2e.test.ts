import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { runnableBlocks } from './blocks.ts';
import { type PageRun, readPage } from './run-page.ts';

/** Each page from top to bottom, as its reader would: what it says is true, or this fails. */
const EXAMPLES_WITHIN_MS = 120_000;

describe.each(['README.md', 'docs/protocol.md', 'client/sdk/README.md'])('the examples of %s', (page) => {
  let server: ServerProcess;
  let reader: PageRun;

  beforeAll(async () => {
    server = await startServerProcess({ env: { HINDSIGHT_DEMO: 'true' } });
    reader = readPage(server, { PASSWORD: demoPassword(server) });
    copyFileSync(join(PACKAGE_ROOT, 'bin/demo/2004-12-25.ubuntu.txt'), join(reader.folder, 'logs/2004-12-25.txt'));
  });
  afterAll(async () => {
    reader?.close();
    await server?.stop();
  });

  test(
    'run, and print what it shows',
    async () => {
      const blocks = runnableBlocks(page);
      expect(blocks.length).toBeGreaterThan(0);
      for (const block of blocks) {
        await reader.run(block).catch((cause: unknown) => {
          throw new Error(`${page}:${block.line} (${block.kind}): ${String(cause)}`, { cause });
        });
      }
    },
    EXAMPLES_WITHIN_MS,
  );
});

/** Of Ada, whom the demo made: a reader has it from the page or from the printed lines. */
function demoPassword(server: ServerProcess): string {
  const { users } = JSON.parse(readFileSync(join(server.data, 'demo.json'), 'utf8')) as {
    users: { username: string; password: string }[];
  };
  return users.find(({ username }) => username === 'ada')?.password ?? '';
}
