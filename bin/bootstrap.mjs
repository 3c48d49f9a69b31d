// Makes a bare checkout ready: installs what is missing, builds what is stale. Node built-ins only, because it runs
// before anything is installed. Everything it says goes to stderr, so that stdout stays clean for `--json`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isBuilt } from './bootstrap/build.mjs';
import { isInstalled, rememberInstalled } from './bootstrap/installed.mjs';
import { withLock } from './bootstrap/lock.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const OLDEST_NODE = [20, 19];

/** @param {string} line */
export function say(line) {
  process.stderr.write(`hindsight: ${line}\n`);
}

/** @param {string} line @returns {never} */
function fail(line) {
  say(line);
  process.exit(1);
}

/**
 * @param {{ scope: 'serve' | 'test' }} options `serve` needs no development packages, `test` needs all of them.
 * @returns {Promise<void>} resolves when all is installed and built; ends the process with 1 when that cannot be had.
 */
export async function ensureReady({ scope }) {
  refuseOldNode();
  // A package installed from a registry arrives built, and its packages are the installer's business.
  if (root.split(sep).includes('node_modules')) return;
  if (isInstalled(root, scope) && isBuilt(root)) return;
  await withLock({ dir: join(root, '.bootstrap.lock'), say }, async (started) => {
    const run = (command, args) => runProgram(command, args, started);
    if (!isInstalled(root, scope)) await install(scope, run);
    if (!isBuilt(root)) await buildAll(run);
  });
}

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  fail(`needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}.`);
}

/** @param {'serve' | 'test'} scope @param {import('./bootstrap/build.mjs').Run} run */
async function install(scope, run) {
  // NODE_ENV=production would silently leave out what the tests need.
  const args = [
    'ci',
    scope === 'serve' ? '--omit=dev' : '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  say(`installing packages (npm ${args.slice(0, 2).join(' ')}); the first time takes about a minute`);
  const npm = npmCommand();
  const code = await run(npm.command, [...npm.args, ...args]);
  if (code !== 0) fail(`npm ci failed (${code}). Is the npm registry reachable? Nothing was started.`);
  rememberInstalled(root, scope);
}

/** @param {import('./bootstrap/build.mjs').Run} run */
async function buildAll(run) {
  say('building');
  const started = Date.now();
  if (!(await build({ root, run }))) fail('the build failed; see above. Nothing was started.');
  say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** The npm that started us, if one did: it fits this Node. Otherwise the one on the PATH. */
function npmCommand() {
  const own = process.env.npm_execpath;
  if (own && basename(own) === 'npm-cli.js' && existsSync(own)) return { command: process.execPath, args: [own] };
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };
}

/**
 * Runs a program in the checkout with its stdout on our stderr.
 * @param {string} command @param {string[]} args @param {(pid: number | undefined) => void} started
 * @returns {Promise<number | string>} the exit code, or why there is none
 */
function runProgram(command, args, started) {
  return new Promise((done) => {
    const shell = command.endsWith('.cmd');
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
    started(child.pid);
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(code ?? signal ?? 'no exit code'));
  });
}
