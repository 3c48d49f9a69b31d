import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from './pairs.ts';

/**
 * How long the disk takes to hold 4 KiB for good: over and over again in a file that has its size already, as a
 * write-ahead log does. Usage: node fdatasync-process.js SECONDS. Prints `{p50, p99}` in milliseconds.
 */
const WRITE_BYTES = 4_096;
const FILE_BYTES = 8 * 1_048_576;
const seconds = Number(process.argv[2]);

const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
const file = openSync(join(folder, 'ring'), 'w');
writeSync(file, Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0);
fsyncSync(file);
const block = Buffer.alloc(WRITE_BYTES, 1);
const times: number[] = [];
const started = performance.now();
for (let at = 0; performance.now() - started < seconds * 1_000; at = (at + WRITE_BYTES) % FILE_BYTES) {
  const before = performance.now();
  writeSync(file, block, 0, WRITE_BYTES, at);
  fdatasyncSync(file);
  times.push(performance.now() - before);
}
closeSync(file);
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify({ p50: percentile(times, 50), p99: percentile(times, 99) })}\n`);
