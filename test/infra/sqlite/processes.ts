import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export interface Acked {
  stream: string;
  revision: number;
  position: number;
  eventId: string;
}

export interface Child {
  /** The next line that the process prints. */
  line(): Promise<string>;
  /** Ends it like a power cut would: at once. */
  kill(): Promise<void>;
  /** All that it said once it has ended. */
  ended(): Promise<{ code: number | null; lines: string[] }>;
}

/** Starts a TypeScript file of this folder as a process of its own. */
export function startProcess(name: string, args: string[]): Child {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, name), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  const closed = once(child, 'close') as Promise<[number | null]>;
  let heard: () => void = () => undefined;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    heard();
  });
  let given = 0;
  return {
    async line() {
      for (;;) {
        const end = text.indexOf('\n', given);
        if (end >= 0) {
          const line = text.slice(given, end);
          given = end + 1;
          return line;
        }
        await new Promise<void>((resolve, reject) => {
          heard = resolve;
          closed.then(([code]) => reject(new Error(`${name} ended with ${code} after: ${text}`)), reject);
        });
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    async ended() {
      const [code] = await closed;
      // A line that was cut off in the middle was not said.
      return { code, lines: text.split('\n').slice(0, -1) };
    },
  };
}

export function parseAcked(lines: string[]): Acked[] {
  return lines
    .filter((line) => line !== 'ready')
    .map((line) => {
      const [stream = '', revision, position, eventId = ''] = line.split(' ');
      return { stream, revision: Number(revision), position: Number(position), eventId };
    });
}
