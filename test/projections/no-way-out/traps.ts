import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';
import { type MockInstance, vi } from 'vitest';

export interface Traps {
  /** What was touched since the traps were set. */
  readonly touched: string[];
  restore(): void;
}

/** Stands in the way of everything by which a process speaks to another: whoever touches it is told of and refused. */
export function setTraps(): Traps {
  const touched: string[] = [];
  const spies: MockInstance[] = [];
  const trap = (name: string) => (): never => {
    touched.push(name);
    throw new Error(`${name} was touched`);
  };
  const set = (of: object, ...names: string[]): void => {
    for (const name of names)
      spies.push(vi.spyOn(of as Record<string, () => void>, name).mockImplementation(trap(name)));
  };
  // Whoever imported a function before still comes to the prototypes behind it.
  set(net.Socket.prototype, 'connect');
  set(net.Server.prototype, 'listen');
  set(dgram.Socket.prototype, 'bind', 'send');
  set(dns, 'lookup');
  set(childProcess.ChildProcess.prototype, 'spawn');
  set(childProcess, 'spawnSync', 'execFileSync');
  set(globalThis, 'fetch');
  return {
    touched,
    restore() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
