// `npm test`: everything vitest knows that needs no servers. `npm run test:servers`: what runs on Kafka, Cassandra and
// Postgres, which the run starts itself. Further arguments go to vitest: `npm test -- --project unit chat`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findChromium } from './bootstrap/chromium.mjs';
import { ensureReady, root, say } from './bootstrap.mjs';

await ensureReady({ scope: 'test' });
const asked = process.argv.slice(2);
const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...asked];
const chromium = findChromium();
if (chromium) process.env.CHROMIUM = chromium;
if (!asked.some((arg) => arg.startsWith('--project'))) args.push(...everyProject().map((name) => `--project=${name}`));
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});

/** All that this machine can run. */
function everyProject() {
  if (chromium) return ['unit', 'e2e', 'browser'];
  if (process.env.CI === 'true') {
    say('no Chromium found (looked at CHROMIUM and the PATH), and in CI the browser tests must run.');
    process.exit(1);
  }
  say('no Chromium found: the browser tests are left out. Install one or set CHROMIUM to run them.');
  return ['unit', 'e2e'];
}
