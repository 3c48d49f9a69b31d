import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { down, signal, status } from '../../../bin/dev-servers/index.ts';
import { identify } from '../../../bin/dev-servers/processes.ts';
import { alone, readState, writeEntry } from '../../../bin/dev-servers/state.ts';
import { testFolder } from '../../support/folder.ts';

const say = (): void => undefined;
const ports = { client: 20_001, controller: 20_002 };

it('remembers the servers of a folder one by one', () => {
  const folder = testFolder();
  expect(readState(folder)).toEqual({});
  writeEntry(folder, 'kafka', { ports, process: { pid: 4_711, started: 'then' } });
  writeEntry(folder, 'postgres', { ports: { client: 20_003 }, process: null });
  expect(readState(folder)).toEqual({
    kafka: { ports, process: { pid: 4_711, started: 'then' } },
    postgres: { ports: { client: 20_003 }, process: null },
  });
  expect(readdirSync(folder)).toEqual(['servers.json']);
});

it('says so where the file is not its own', () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'servers.json'), '{"version": 2}');
  expect(() => readState(folder)).toThrow(expect.objectContaining({ code: 'state-unreadable' }));
});

it('neither counts nor kills a process that is not the one it started', async () => {
  const folder = testFolder();
  writeEntry(folder, 'kafka', { ports, process: { pid: process.pid, started: 'at another time' } });
  expect(status(folder).find(({ name }) => name === 'kafka')).toMatchObject({ state: 'ended', pid: null });
  expect(signal(folder, 'kafka', 'SIGKILL')).toBe(false);
  const said: string[] = [];
  await down({ folder, say: (line) => said.push(line) });
  expect(said).toEqual([`Kafka 4.3.0 (pid ${process.pid}) was not running`]);
  expect(readState(folder)['kafka']).toEqual({ ports, process: null });
  expect(identify(process.pid)).not.toBeNull();
});

it('looks without making anything', async () => {
  const folder = join(testFolder(), 'none');
  expect(status(folder).map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped', 'stopped']);
  await down({ folder, say });
  expect(readdirSync(join(folder, '..'))).toEqual([]);
});

it('lets one at a time start or stop servers', async () => {
  const folder = testFolder();
  const order: string[] = [];
  const first = alone(folder, async () => {
    order.push('first in');
    await new Promise(setImmediate);
    order.push('first out');
  });
  const second = alone(folder, async () => void order.push('second'));
  await Promise.all([first, second]);
  expect(order).toSatisfy(
    (seen: string[]) => Math.abs(seen.indexOf('first in') - seen.indexOf('first out')) === 1 && seen.length === 3,
  );
});
