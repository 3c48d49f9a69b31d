// `npm test`: everything vitest knows. Further arguments go to vitest: `npm test -- --project unit chat`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findChromium } from './bootstrap/chromium.mjs';
import { ensureReady, root, say } from './bootstrap.mjs';

await ensureReady({ scope: 'test' });
const asked = process.argv.slice(2);
const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...asked];
const chromium = findChromium();
if (chromium) process.env.CHROMIUM = chromium;
else leaveOutBrowser();
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});

function leaveOutBrowser() {
  if (process.env.CI === 'true') {
    say('no Chromium found (looked at CHROMIUM and the PATH), and in CI the browser tests must run.');
    process.exit(1);
  }
  say('no Chromium found: the browser tests are left out. Install one or set CHROMIUM to run them.');
  // Beside other --project arguments this one would add to them.
  if (!asked.some((arg) => arg.startsWith('--project'))) args.push('--project=!browser');
}
