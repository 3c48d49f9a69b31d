// Builds dist/ when it does not match the sources. "Matches" is a fingerprint of every source's path, size and time,
// taken before the build: what changes during a build is seen by the next one.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOMS = ['events', 'commands', 'projections', 'queries', 'gateway', 'infra', 'client/sdk', 'bin', 'test'];
const WEB = 'client/web';
const WEB_SOURCES = [WEB, 'client/sdk', 'events'];

/** @typedef {(command: string, args: string[]) => Promise<number | string>} Run */

/** @param {string} root */
export function isBuilt(root) {
  const plan = look(root);
  return plan.codeFresh && plan.webFresh;
}

/** @param {{ root: string, run: Run }} options @returns {Promise<boolean>} */
export async function build({ root, run }) {
  const plan = look(root);
  if (!plan.codeFresh && !(await buildCode(root, plan, run))) return false;
  return plan.webFresh || buildWeb(root, plan, run);
}

/** @param {string} root @param {ReturnType<typeof look>} plan @param {Run} run */
async function buildCode(root, plan, run) {
  for (const file of plan.orphans) rmSync(join(root, 'dist', file), { force: true });
  // The compiler remembers what it has emitted; where an output went missing that memory is wrong.
  if (plan.missing) rmSync(join(root, 'dist/.tsbuildinfo'), { force: true });
  const code = await run(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  if (code !== 0) return false;
  writeFileSync(join(root, 'dist/.code-stamp'), plan.code);
  return true;
}

/** @param {string} root @param {ReturnType<typeof look>} plan @param {Run} run */
async function buildWeb(root, plan, run) {
  const args = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'];
  if ((await run(process.execPath, args)) !== 0) return false;
  writeFileSync(join(root, 'dist/.web-stamp'), plan.web);
  return true;
}

/** @param {string} root */
function look(root) {
  const sources = ROOMS.flatMap((room) => list(root, room)).filter(isCompiled);
  const expected = new Set(sources.map((file) => file.replace(/\.tsx?$/, '.js')));
  const outputs = list(join(root, 'dist'), '').filter((file) => file.endsWith('.js') && !file.startsWith(`${WEB}/`));
  const present = new Set(outputs);
  const missing = [...expected].some((file) => !present.has(file));
  const orphans = outputs.filter((file) => !expected.has(file)).flatMap((file) => [file, `${file}.map`]);
  const code = fingerprint(root, [...sources, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']);
  const web = existsSync(join(root, WEB, 'index.html')) ? webFingerprint(root) : '';
  return {
    code,
    web,
    missing,
    orphans,
    codeFresh: !missing && orphans.length === 0 && stamp(root, '.code-stamp') === code,
    webFresh: web === '' || (stamp(root, '.web-stamp') === web && existsSync(join(root, 'dist', WEB, 'index.html'))),
  };
}

/** @param {string} file */
function isCompiled(file) {
  return /\.tsx?$/.test(file) && !file.endsWith('.d.ts') && !file.endsWith('.test.ts');
}

/** @param {string} root */
function webFingerprint(root) {
  return fingerprint(root, [...WEB_SOURCES.flatMap((dir) => list(root, dir)), 'vite.config.ts', 'package-lock.json']);
}

/** @param {string} root @param {string[]} files */
function fingerprint(root, files) {
  const hash = createHash('sha256');
  for (const file of files.toSorted()) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** @param {string} root @param {string} name */
function stamp(root, name) {
  try {
    return readFileSync(join(root, 'dist', name), 'utf8');
  } catch {
    return '';
  }
}

/** All files below a folder, as paths from the root with forward slashes. @param {string} root @param {string} dir @returns {string[]} */
function list(root, dir) {
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = dir === '' ? entry.name : `${dir}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : list(root, path);
    return [path];
  });
}
