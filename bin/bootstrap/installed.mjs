// Is everything the lockfile asks for in node_modules? A stamp answers in a few milliseconds; without one the lockfile
// is compared with npm's own record, so that a user's own `npm ci` is recognised.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {'serve' | 'test'} Scope */
/** @typedef {{ version?: string, integrity?: string, dev?: boolean, optional?: boolean, devOptional?: boolean,
 *   os?: string[], cpu?: string[], libc?: string[] }} Entry */

/** @param {string} root @param {Scope} scope */
export function isInstalled(root, scope) {
  const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamped = readStamp(root);
  const wanted = stampKey(lockfile);
  if (stamped.key === wanted && covers(stamped.scope, scope) && directPresent(root, scope)) return true;
  if (!matchesRecord(root, lockfile, scope)) return false;
  writeStamp(root, { key: wanted, scope });
  return true;
}

/** @param {string} root @param {Scope} scope */
export function rememberInstalled(root, scope) {
  writeStamp(root, { key: stampKey(readFileSync(join(root, 'package-lock.json'), 'utf8')), scope });
}

/** @param {string | undefined} has @param {Scope} wants */
function covers(has, wants) {
  return has === wants || has === 'test';
}

/** @param {string} lockfile */
function stampKey(lockfile) {
  const digest = createHash('sha256').update(lockfile).digest('hex');
  return `${digest} ${process.platform}-${process.arch} abi${process.versions.modules}`;
}

/** @param {string} root */
function stampFile(root) {
  return join(root, 'node_modules', '.hindsight.json');
}

/** @param {string} root @returns {{ key?: string, scope?: string }} */
function readStamp(root) {
  return readJson(stampFile(root)) ?? {};
}

/** @param {string} root @param {{ key: string, scope: Scope }} stamp */
function writeStamp(root, stamp) {
  try {
    writeFileSync(stampFile(root), `${JSON.stringify(stamp)}\n`);
  } catch {
    // A read-only checkout that is complete is fine: the comparison is made again next time.
  }
}

/** Catches a package deleted by hand. @param {string} root @param {Scope} scope */
function directPresent(root, scope) {
  const manifest = readJson(join(root, 'package.json')) ?? {};
  const names = Object.keys({ ...manifest.dependencies, ...(scope === 'test' ? manifest.devDependencies : {}) });
  return names.every((name) => existsSync(join(root, 'node_modules', name)));
}

/** @param {string} root @param {string} lockfile @param {Scope} scope */
function matchesRecord(root, lockfile, scope) {
  const record = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!record) return false;
  /** @type {[string, Entry][]} */
  const entries = Object.entries(JSON.parse(lockfile).packages);
  return entries.every(([path, entry]) => {
    if (path === '' || !isNeeded(entry, scope)) return true;
    const have = record[path];
    return have?.version === entry.version && have?.integrity === entry.integrity && existsSync(join(root, path));
  });
}

/** @param {Entry} entry @param {Scope} scope */
function isNeeded(entry, scope) {
  if (scope === 'serve' && (entry.dev || entry.devOptional)) return false;
  if (!entry.optional && !entry.devOptional) return true;
  // Optional packages made for one platform hold native code that their parent cannot do without there.
  return (
    Boolean(entry.os || entry.cpu) &&
    fits(entry.os, process.platform) &&
    fits(entry.cpu, process.arch) &&
    fitsLibc(entry)
  );
}

/** @param {string[] | undefined} wanted @param {string} ours */
function fits(wanted, ours) {
  if (!wanted) return true;
  const refused = wanted.filter((each) => each.startsWith('!'));
  return refused.length === wanted.length ? !refused.includes(`!${ours}`) : wanted.includes(ours);
}

/** @param {Entry} entry */
function fitsLibc(entry) {
  if (!entry.libc || process.platform !== 'linux') return true;
  return entry.libc.includes(existsSync('/etc/alpine-release') ? 'musl' : 'glibc');
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
