import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { LOOPBACK } from './free-ports.ts';
import { postgresPrograms } from './postgres-programs.ts';
import { type DevServer, type Place, portOf } from './server.ts';
import { type Unprivileged, unprivileged } from './unprivileged.ts';

/** No secret: whoever reaches the loopback of this machine may use the servers for development. */
const USER = 'hindsight';
const PASSWORD = 'hindsight';
const CONNECTIONS_MAX = 300;
const ASK_MS = 3_000;
const LEFTOVERS = 'pre-existing shared memory block';

const run = promisify(execFile);

export const postgres: DevServer = {
  name: 'postgres',
  title: 'Postgres 18.4',
  ports: ['client'],
  stopSignal: 'SIGINT', // SIGTERM would wait for every client to leave
  prepare,
  ask,
  env: (place) => ({ HINDSIGHT_POSTGRES_URL: urlOf(place) }),
  mayTryAgain: (log) => log.includes(LEFTOVERS),
};

const urlOf = (place: Place): string =>
  `postgres://${USER}:${PASSWORD}@${LOOPBACK}:${portOf(place, 'client')}/postgres`;

async function prepare(place: Place) {
  const { folder } = place;
  const programs = postgresPrograms();
  const user = unprivileged();
  const data = join(folder, 'data');
  if (!existsSync(data)) await initialise(folder, programs.initdb, user);
  const settings = [
    `listen_addresses=${LOOPBACK}`,
    `port=${portOf(place, 'client')}`,
    'unix_socket_directories=',
    `max_connections=${CONNECTIONS_MAX}`,
  ];
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  return { ...user.wrap(programs.postgres, args), cwd: folder };
}

/** Beside its place and then moved there: half a data folder is never taken for a whole one. */
async function initialise(folder: string, initdb: string, { owner, wrap }: Unprivileged): Promise<void> {
  const [draft, password] = [join(folder, 'data.part'), join(folder, 'password')];
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(password, `${PASSWORD}\n`, { mode: 0o600 });
  if (owner !== null) for (const path of [draft, password]) chownSync(path, owner.uid, owner.gid);
  const options = ['-D', draft, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${password}`, '-E', 'UTF8', '--locale=C'];
  const { command, args } = wrap(initdb, options);
  await run(command, args, { cwd: folder });
  rmSync(password);
  renameSync(draft, join(folder, 'data'));
}

async function ask(place: Place): Promise<void> {
  const client = new pg.Client({
    connectionString: urlOf(place),
    connectionTimeoutMillis: ASK_MS,
    query_timeout: ASK_MS,
  });
  client.on('error', () => undefined); // a connection cut while we ask also fails the question, which is told
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}
