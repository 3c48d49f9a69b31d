import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { down, type ServerStatus, signal, up } from '../../bin/dev-servers/index.ts';
import type { Servers } from './servers.ts';

const NAMES = ['kafka', 'cassandra', 'postgres'];
const FATAL_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const say = (line: string): void => void process.stderr.write(`servers: ${line}\n`);

/**
 * Vitest's global set-up of the project `servers`: starts Kafka, Cassandra and Postgres in a temporary folder, once
 * for all its files, and fails where that cannot be. With `HINDSIGHT_TEST_SERVERS`, a JSON file like `Servers`, the
 * tests use those that run already.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const file = process.env['HINDSIGHT_TEST_SERVERS'];
  if (file !== undefined) {
    project.provide('servers', JSON.parse(readFileSync(file, 'utf8')) as Servers);
    return async () => undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-servers-'));
  const kill = (): void => {
    for (const name of NAMES) signal(folder, name, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    await down({ folder, say });
    rmSync(folder, { recursive: true, force: true });
  };
  endWith(kill);
  try {
    project.provide('servers', serversOf(await up({ folder, only: NAMES, say })));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** They are processes of their own and would outlive a run that is broken off. */
function endWith(kill: () => void): void {
  process.once('exit', kill);
  for (const [name, number] of Object.entries(FATAL_SIGNALS)) process.once(name, () => process.exit(128 + number));
}

function serversOf(running: readonly ServerStatus[]): Servers {
  const env = Object.assign({}, ...running.map((server) => server.env)) as Record<string, string>;
  const [host = '', port = ''] = (env['HINDSIGHT_CASSANDRA_CONTACT_POINTS'] ?? '').split(':');
  return {
    kafka: { brokers: [env['HINDSIGHT_KAFKA_BROKERS'] ?? ''] },
    cassandra: { contactPoints: [host], port: Number(port), localDataCenter: 'datacenter1' },
    postgres: { url: env['HINDSIGHT_POSTGRES_URL'] ?? '' },
  };
}
