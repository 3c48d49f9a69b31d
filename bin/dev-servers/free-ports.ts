import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { DevServerError } from './failure.ts';

/**
 * Below what systems hand out to outgoing connections (32,768 on Linux, 49,152 elsewhere): a server that is stopped
 * finds its port free again.
 */
const FIRST = 20_000;
const END = 32_000;
const TRIES = 100;

export const LOOPBACK = '127.0.0.1';

/** A free port for each name, all different. */
export async function freePorts(names: readonly string[]): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  for (const name of names) ports[name] = await freePort(Object.values(ports));
  return ports;
}

async function freePort(taken: readonly number[]): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST, END);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new DevServerError('no-port', `no free port was found from ${FIRST} to ${END}`, { temporary: true });
}

export async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, LOOPBACK);
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}
