import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PACKAGE_ROOT } from '../../../bin/package-root.ts';
import { temporaryFolder } from '../../support/server-process.ts';

const NOBODY = '127.0.0.1:1';
const LONG_MS = 50_000;
const STOP_MAX_MS = 10_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

test('a process that waits for servers says for which, and why, and stops in good order when it is told to', async () => {
  const opsPort = await freePort();
  const child = spawn(process.execPath, ['bin/hindsight.mjs', 'serve'], {
    cwd: PACKAGE_ROOT,
    env: {
      ...process.env,
      HINDSIGHT_DATA: temporaryFolder(),
      HINDSIGHT_EVENTSTORE_URL: `esdb://${NOBODY}?tls=false`,
      HINDSIGHT_KAFKA_BROKERS: NOBODY,
      HINDSIGHT_CASSANDRA_CONTACT_POINTS: NOBODY,
      HINDSIGHT_POSTGRES_URL: `postgres://nobody:nothing@${NOBODY}/none`,
      HINDSIGHT_OPS_PORT: String(opsPort),
    },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const ready = async (): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`).catch(() => null);
    return answer && { code: answer.status, ...((await answer.json()) as object) };
  };
  await expect.poll(ready, { timeout: LONG_MS }).toMatchObject({
    code: 503,
    checks: { started: false, eventstore: false, postgres: false, cassandra: false, kafka: false },
    why: { postgres: expect.stringContaining('ECONNREFUSED') },
  });
  const asked = performance.now();
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect(performance.now() - asked).toBeLessThan(STOP_MAX_MS);
});
