import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import type { ServerProcess } from '../support/server-process.ts';
import type { Block } from './blocks.ts';
import { difference } from './expect-shape.ts';

const BLOCK_WITHIN_MS = 60_000;
const FRAME_WITHIN_MS = 10_000;
/** What the pages call the server. */
const SHOWN_HTTP = 'http://127.0.0.1:4000';
const SHOWN_GATEWAY = 'ws://127.0.0.1:4001/v1/ws';
/** What a reader has in the folder in which the commands are typed. */
const CHECKOUT = ['package.json', 'bin', 'dist', 'node_modules', 'client'];

export interface PageRun {
  /** Runs one block; throws where it fails, or says something else than the page. */
  run(block: Block): Promise<void>;
  folder: string;
  close(): void;
}

/** A reader who does what a page says, block by block, in a folder that looks like a checkout. */
export function readPage(server: ServerProcess, variables: Record<string, string> = {}): PageRun {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-docs-'));
  for (const name of CHECKOUT) symlinkSync(join(PACKAGE_ROOT, name), join(folder, name));
  mkdirSync(join(folder, 'logs'));
  const path = `${commandFolder(folder)}:${process.env['PATH'] ?? ''}`;
  let env: NodeJS.ProcessEnv = { ...process.env, ...variables, PATH: path, HINDSIGHT_DATA: server.data };
  let socket: Frames | null = null;
  let printed = '';
  const actual = (text: string): string =>
    text.replaceAll(SHOWN_HTTP, server.http).replaceAll(SHOWN_GATEWAY, server.gateway);

  return {
    folder,
    async run({ kind, text }) {
      if (kind === 'sh') ({ printed, env } = await runShell(actual(text), { folder, env }));
      else if (kind === 'js') printed = await runModule(actual(text), { folder, env });
      else if (kind === 'json') expectPrinted(actual(filled(text, env)), printed);
      else if (kind === 'output') expectLines(actual(filled(text, env)), printed);
      else {
        socket ??= openFrames(server.gateway, env.TOKEN ?? '');
        await socket.play(filled(text, env));
      }
    },
    close() {
      socket?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `hindsight` on the reader's path, as the installed package puts it there. */
function commandFolder(folder: string): string {
  const bin = join(folder, '.commands');
  mkdirSync(bin);
  const script = `#!/bin/sh\nexec "${process.execPath}" "${join(PACKAGE_ROOT, 'bin', 'hindsight.mjs')}" "$@"\n`;
  writeFileSync(join(bin, 'hindsight'), script, { mode: 0o755 });
  return bin;
}

interface Place {
  folder: string;
  env: NodeJS.ProcessEnv;
}

/** `set -a` exports all that the block defines, so that the environment at its end is what the next one begins with. */
async function runShell(text: string, { folder, env }: Place): Promise<{ printed: string; env: NodeJS.ProcessEnv }> {
  const stateFile = join(folder, '.state');
  const script = `set -aeuo pipefail\n${text}\nenv -0 >'${stateFile}'`;
  const printed = await execute('bash', ['-c', script], { folder, env });
  const entries = readFileSync(stateFile, 'utf8').split('\0').filter(Boolean);
  return {
    printed,
    env: Object.fromEntries(
      entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    ),
  };
}

const runModule = (text: string, place: Place): Promise<string> =>
  execute(process.execPath, ['--input-type=module', '--eval', text], place);

function execute(file: string, args: readonly string[], { folder, env }: Place): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { cwd: folder, env, timeout: BLOCK_WITHIN_MS, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
        else resolve(stdout);
      },
    );
    child.stdin?.end();
  });
}

function expectPrinted(shown: string, printed: string): void {
  const lines = printed.trim().split('\n');
  const shownLines = shown.trim().startsWith('{') && !shown.includes('\n{') ? [shown] : shown.trim().split('\n');
  const last = lines.slice(-shownLines.length);
  for (const [i, line] of shownLines.entries()) {
    const found = difference(JSON.parse(line), JSON.parse(last[i] ?? 'null'));
    if (found !== null) throw new Error(`${found}\nprinted:\n${printed}`);
  }
}

/** Each line shown is printed, in this order, blanks at the ends apart; `…` in it stands for anything. */
function expectLines(shown: string, printed: string): void {
  const lines = printed.split('\n').map((line) => line.trim());
  let from = 0;
  for (const line of shown.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const parts = line.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    const found = lines.findIndex((each, index) => index >= from && pattern.test(each));
    if (found < 0) throw new Error(`the page shows "${line}"\nprinted:\n${printed}`);
    from = found + 1;
  }
}

/** `$CHAT` in what a page shows is the reader's own `CHAT`. */
function filled(text: string, env: NodeJS.ProcessEnv): string {
  return text.replace(/\$([A-Z]+)/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined) throw new Error(`the page shows $${name}, which no block before it sets`);
    return value;
  });
}

interface Frames {
  play(text: string): Promise<void>;
  close(): void;
}

/** A socket that sends what stands behind `>` and waits for what stands behind `<`, in whatever order it comes. */
function openFrames(url: string, token: string): Frames {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  let unread: unknown[] = [];
  let arrived = (): void => undefined;
  socket.on('message', (data) => {
    unread.push(JSON.parse((data as Buffer).toString()));
    arrived();
  });

  async function receive(shown: string): Promise<void> {
    const wanted: unknown = JSON.parse(shown);
    const deadline = AbortSignal.timeout(FRAME_WITHIN_MS);
    while (!unread.some((frame) => difference(wanted, frame) === null)) {
      if (deadline.aborted) throw new Error(`no frame like ${shown}\nthere were ${JSON.stringify(unread, null, 1)}`);
      await new Promise<void>((resolve) => {
        arrived = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    unread = unread.filter((frame) => difference(wanted, frame) !== null);
  }

  return {
    async play(text) {
      await opened;
      for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
        const frame = line.slice(2);
        if (line.startsWith('> ')) socket.send(frame);
        else if (line.startsWith('< ')) await receive(frame);
        else throw new Error(`a frame begins with > or <: ${line}`);
      }
    },
    close: () => socket.terminate(),
  };
}
