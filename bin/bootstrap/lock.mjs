// A lock two processes can share a checkout by: a directory (making one is atomic) that says who holds it and is
// touched while it is held.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_MS = 2_000;
const POLL_MS = 200;
// Measured by the waiter's own polls and not by the clock, so that a suspended machine takes nobody's lock away.
const SILENT_POLLS = 150;

/**
 * @template T
 * @param {{ dir: string, say: (line: string) => void }} lock
 * @param {(started: (pid: number | undefined) => void) => Promise<T>} work is given what to tell of programs it starts:
 *   they outlive a killed owner, and the lock is not free before they have ended too.
 * @returns {Promise<T>}
 */
export async function withLock({ dir, say }, work) {
  await acquire(dir, say);
  const touch = setInterval(() => touchQuietly(dir), TOUCH_MS);
  const release = () => rmSync(dir, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work((pid) => sign(dir, pid));
  } finally {
    clearInterval(touch);
    process.removeListener('exit', release);
    release();
  }
}

/** @param {string} dir @param {(line: string) => void} say */
async function acquire(dir, say) {
  let told = false;
  let silent = 0;
  let before = '';
  while (!take(dir)) {
    const now = glance(dir);
    silent = now.look === before ? silent + 1 : 0;
    before = now.look;
    if (now.dead || silent > SILENT_POLLS) {
      say('another start was interrupted; taking over');
      clear(dir, now.owner);
      silent = 0;
      continue;
    }
    if (!told) say('another process is installing or building; waiting for it');
    told = true;
    await sleep(POLL_MS);
  }
}

/** @param {string} dir */
function take(dir) {
  try {
    mkdirSync(dir);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  sign(dir, undefined);
  return true;
}

/** @param {string} dir @param {number | undefined} child */
function sign(dir, child) {
  writeFileSync(join(dir, 'owner.json'), JSON.stringify({ pid: process.pid, child, host: hostname(), at: Date.now() }));
}

/** @param {string} dir */
function glance(dir) {
  const owner = readOwner(dir);
  try {
    return { owner, look: `${owner} ${statSync(dir).mtimeMs}`, dead: isDead(owner) };
  } catch {
    return { owner, look: 'gone', dead: false };
  }
}

/** @param {string} dir */
function readOwner(dir) {
  try {
    return readFileSync(join(dir, 'owner.json'), 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} owner */
function isDead(owner) {
  if (owner === '') return false;
  const { pid, child, host } = JSON.parse(owner);
  if (host !== hostname()) return false;
  return (pid === process.pid || isGone(pid)) && (child === undefined || isGone(child));
}

/** @param {number} pid */
function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Moves the dead lock aside first: of two who found it dead, one must not delete the other's new one. */
function clear(dir, owner) {
  const aside = `${dir}-${process.pid}`;
  try {
    renameSync(dir, aside);
    if (readOwner(aside) !== owner) renameSync(aside, dir);
  } catch {
    // Someone else was faster.
  }
  rmSync(aside, { recursive: true, force: true });
}

/** @param {string} dir */
function touchQuietly(dir) {
  try {
    utimesSync(dir, new Date(), new Date());
  } catch {
    // Taken over or deleted by hand: the work goes on, it is idempotent.
  }
}
