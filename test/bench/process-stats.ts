import { readFileSync } from 'node:fs';

/** What the kernel says of another process; Linux only. */
const TICKS_PER_SECOND = 100;
const USER_TICKS_FIELD = 11;
const SYSTEM_TICKS_FIELD = 12;

/** User and system time of all its threads so far. */
export const cpuSeconds = (pid: number): number => cpuOf(`/proc/${pid}/stat`);

/** The same of its first thread alone, where JavaScript's main loop runs. */
export const mainThreadCpuSeconds = (pid: number): number => cpuOf(`/proc/${pid}/task/${pid}/stat`);

function cpuOf(file: string): number {
  const text = readFileSync(file, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TICKS_FIELD]) + Number(fields[SYSTEM_TICKS_FIELD])) / TICKS_PER_SECOND;
}

export function rssBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}
