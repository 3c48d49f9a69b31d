import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { end, identify, isRunning, launch, type ProcessId, send } from '../../../bin/dev-servers/processes.ts';
import { testFolder } from '../../support/folder.ts';

const READY = 'process.stdout.write("ready\\n");';
const STAYS = 'setInterval(() => {}, 1000);';
const DEAF = 'process.on("SIGTERM", () => {});';

/** A program that has said that it is ready, and what it said. It is gone when the test is over. */
async function started(program: string): Promise<{ id: ProcessId; log: string }> {
  const folder = testFolder();
  const log = join(folder, 'log');
  const id = await launch({ command: process.execPath, args: ['-e', program], cwd: folder }, log);
  onTestFinished(() => void send(id, 'SIGKILL'));
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toContain('ready'), 10_000);
  return { id, log };
}

it('starts a program, finds it again, and ends it by signal', async () => {
  const { id } = await started(STAYS + READY);
  expect(identify(id.pid)).toEqual(id);
  expect(await end(id, { signal: 'SIGTERM', deadlineMs: 10_000 })).toBe('ended');
  expect(isRunning(id)).toBe(false);
  expect(await end(id, { signal: 'SIGTERM', deadlineMs: 10_000 })).toBe('was not running');
});

it('ends by force what does not end by itself', async () => {
  const { id } = await started(DEAF + STAYS + READY);
  expect(await end(id, { signal: 'SIGTERM', deadlineMs: 200 })).toBe('killed');
  expect(isRunning(id)).toBe(false);
});

it('leaves alone a process that has the pid by now and is another', async () => {
  const { id } = await started(STAYS + READY);
  const gone = { pid: id.pid, started: 'at another time' };
  expect(isRunning(gone)).toBe(false);
  expect(send(gone, 'SIGKILL')).toBe(false);
  expect(await end(gone, { signal: 'SIGKILL', deadlineMs: 10_000 })).toBe('was not running');
  expect(isRunning(id)).toBe(true);
});

it('keeps what a program said the last time', async () => {
  const { id, log } = await started(READY);
  await vi.waitFor(() => expect(isRunning(id)).toBe(false), 10_000);
  await launch({ command: process.execPath, args: ['-e', ''], cwd: join(log, '..') }, log);
  expect(readFileSync(`${log}.previous`, 'utf8')).toBe('ready\n');
  expect(existsSync(log)).toBe(true);
});

it('says so where a program cannot be started', async () => {
  const folder = testFolder();
  const missing = launch({ command: join(folder, 'none'), args: [], cwd: folder }, join(folder, 'log'));
  await expect(missing).rejects.toMatchObject({ code: 'cannot-start' });
});
