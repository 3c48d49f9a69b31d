// The developer's commands behind `npm run`: build, check (all static checks, or one by name), bench, prove.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureReady, root, say } from './bootstrap.mjs';

const ROOMS = ['events', 'commands', 'projections', 'queries', 'gateway', 'infra', 'test', 'bin', 'client'];

const CHECKS = { typecheck, lint, format, layers, unused, compose };
const PROGRAMS = { bench: 'dist/test/bench/main.js', prove: 'dist/test/prove/main.js', docs: 'dist/bin/docs.js' };

const [verb = '', ...rest] = process.argv.slice(2);
await ensureReady({ scope: 'test' });
process.exitCode = perform() ? 0 : 1;

function perform() {
  if (verb === 'build') return true;
  if (verb === 'check') return checkAll();
  if (verb in CHECKS) return CHECKS[verb]();
  if (verb in PROGRAMS) return node(PROGRAMS[verb], ...rest);
  say(`usage: node bin/dev.mjs build | check | ${[...Object.keys(CHECKS), ...Object.keys(PROGRAMS)].join(' | ')}`);
  return false;
}

function checkAll() {
  const failed = Object.entries(CHECKS).filter(([name, check]) => {
    say(name);
    return !check();
  });
  say(failed.length === 0 ? 'all checks passed' : `failed: ${failed.map(([name]) => name).join(', ')}`);
  return failed.length === 0;
}

function typecheck() {
  const server = tool('typescript/bin/tsc', '-p', 'tsconfig.json');
  const web = existsSync(join(root, 'client/web/main.tsx'));
  return (!web || tool('typescript/bin/tsc', '-p', 'client/web/tsconfig.json')) && server;
}

function lint() {
  return tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings');
}

function format() {
  const colors = process.stdout.isTTY ? [] : ['--colors=off'];
  return tool('@biomejs/biome/bin/biome', 'ci', ...colors, '.');
}

function unused() {
  return tool('knip/bin/knip.js');
}

function compose() {
  return tool('dclint/bin/dclint.cjs', '--max-warnings', '0', 'infra/deploy/compose.yaml');
}

/** A cruise that visited nothing also exits 0, and has proven nothing. */
function layers() {
  const rooms = ROOMS.filter((room) => existsSync(join(root, room)));
  const program = ['--import', './bin/checks/parse-tsx.mjs', packaged('dependency-cruiser/bin/dependency-cruise.mjs')];
  const args = ['--config', '.dependency-cruiser.cjs', ...rooms, ...rest];
  const done = spawnSync(process.execPath, [...program, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(done.stdout);
  if (/\b0 modules/.test(done.stdout)) say('the cruise visited no modules, so it has checked nothing');
  return done.status === 0 && !/\b0 modules/.test(done.stdout);
}

/** @param {string} path */
function packaged(path) {
  return join(root, 'node_modules', path);
}

/** @param {string} path @param {string[]} args */
function tool(path, ...args) {
  return node(packaged(path), ...args);
}

/** @param {string} file @param {string[]} args */
function node(file, ...args) {
  return spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' }).status === 0;
}
