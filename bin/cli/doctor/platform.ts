import { existsSync, statSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Config } from '../../../infra/config.ts';
import { openDatabase } from '../../../infra/sqlite/database.ts';
import { chooseSocketServer } from '../../../infra/ws/choose.ts';
import type { DataFolder } from '../../data-folder.ts';
import { runningServer } from '../running-server.ts';
import { type Check, fine, note, wrong } from './check.ts';

const NODE_MAJOR_MIN = 20;
const NODE_MINOR_MIN = 19;
const NODE_MAJOR_MAX = 24;
const DISK_LOW_BYTES = 1_073_741_824;
const DISK_WRONG_BYTES = 104_857_600;
const BYTES_PER_MIB = 1_048_576;
const OTHERS_MAY = 0o077;

export async function nodeVersion(): Promise<Check> {
  const version = process.versions.node;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const facts = { node: version, platform: `${process.platform}-${process.arch}` };
  const old = major < NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor < NODE_MINOR_MIN);
  if (old || major > NODE_MAJOR_MAX) return wrong('node', `Node ${version} is not supported: take 20.19 to 24`, facts);
  return fine('node', `Node ${version} on ${facts.platform}`, facts);
}

export async function sqliteVersion(): Promise<Check> {
  const driver = isBuiltin('node:sqlite') ? 'node:sqlite' : '@photostructure/sqlite';
  const database = await openDatabase({ file: ':memory:', synchronous: 'off' });
  const version = database.prepare<{ version: string }>('SELECT sqlite_version() AS version').get()?.version ?? '';
  database.close();
  return fine('sqlite', `SQLite ${version} through ${driver}`, { version, driver });
}

export async function sockets(): Promise<Check> {
  const { adapter, reason } = await chooseSocketServer(() => undefined); // what it would warn of is said here
  return adapter === 'uws'
    ? fine('sockets', `served by uWebSockets.js: ${reason}`, { adapter })
    : note('sockets', `served by ${adapter}, which is slower and otherwise the same: ${reason}`, { adapter });
}

export async function writable(folder: DataFolder): Promise<Check> {
  const nearest = nearestThere(folder.root);
  await access(nearest, constants.W_OK | constants.X_OK);
  if (nearest !== folder.root) return note('data folder', `${folder.root} is not there yet; the first start makes it`);
  return statSync(folder.root).isDirectory()
    ? fine('data folder', `${folder.root} can be written`)
    : wrong('data folder', `${folder.root} is not a folder`);
}

/** The folder, or the one above it in which it would be made. */
function nearestThere(path: string): string {
  const above = dirname(path);
  return existsSync(path) || above === path ? path : nearestThere(above);
}

export async function disk(folder: DataFolder): Promise<Check> {
  const { bavail, bsize } = await statfs(nearestThere(folder.root));
  const freeBytes = bavail * bsize;
  const free = `${Math.floor(freeBytes / BYTES_PER_MIB)} MiB free`;
  if (freeBytes < DISK_WRONG_BYTES) return wrong('disk', `${free}: appends will soon be refused`, { freeBytes });
  return (freeBytes < DISK_LOW_BYTES ? note : fine)('disk', free, { freeBytes });
}

export async function keyFile(folder: DataFolder): Promise<Check> {
  const file = join(folder.keys, 'access-token.pem');
  if (!existsSync(file)) return note('key', 'no signing key yet; the first start makes one');
  const mode = statSync(file).mode & 0o777;
  const shown = { mode: mode.toString(8).padStart(4, '0') };
  return (mode & OTHERS_MAY) === 0
    ? fine('key', 'the signing key is readable by its owner only', shown)
    : wrong('key', `others may read ${file} (mode ${shown.mode}): chmod 600 it`, shown);
}

export async function server(folder: DataFolder): Promise<Check> {
  const running = await runningServer(folder);
  if (!running) return note('server', 'not running on this data folder', { running: false });
  const response = await fetch(`${running.http}/readyz`);
  const facts = { running: true, ...running };
  const where = `as ${running.pid} at ${running.http}`;
  if (response.ok) return fine('server', `running ${where}, sockets at ${running.gateway}`, facts);
  if (!(await fetch(`${running.http}/startupz`)).ok)
    return note('server', `starting ${where}: its views catch up with the log`, facts);
  return wrong('server', `running ${where}, and not ready (${response.status})`, facts);
}

export async function ports(folder: DataFolder, config: Config): Promise<Check> {
  if (await runningServer(folder)) return fine('ports', 'in use by the server on this data folder');
  const wanted = [config.port, config.gatewayPort].filter((port) => port !== 0);
  const taken: string[] = [];
  for (const port of wanted) {
    const why = await whyNotFree(config.host, port);
    if (why !== null) taken.push(`${config.host}:${port} (${why})`);
  }
  return taken.length === 0
    ? fine('ports', wanted.length === 0 ? 'free ones are picked' : `${wanted.join(' and ')} are free on ${config.host}`)
    : wrong('ports', `cannot listen on ${taken.join(', ')}: choose others with --port and --gateway-port`);
}

function whyNotFree(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port }, () => probe.close(() => resolve(null)));
  });
}
