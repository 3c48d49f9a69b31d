import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openPostgres, type Postgres, type PostgresOptions, type Session } from '../../../infra/postgres/pool.ts';
import { servers } from '../../support/servers.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

/** Short, so that what waits for them is soon over; long beside what a busy machine takes. */
const TIMEOUTS = { connectMs: 500, statementMs: 2_000, lockMs: 300, idleInTransactionMs: 300, answerMs: 600 };
const TABLE = 'pool_test';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).toReversed()) await each.close();
});

function open(options: Partial<PostgresOptions> = {}): Postgres {
  const postgres = openPostgres({ url: servers().postgres.url, applicationName: 'tests', ...options });
  closing.push(postgres);
  return postgres;
}

async function openBehindProxy(
  options: Partial<PostgresOptions> = {},
): Promise<{ postgres: Postgres; proxy: TcpProxy }> {
  const url = new URL(servers().postgres.url);
  const proxy = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
  closing.push(proxy);
  url.host = `${proxy.host}:${proxy.port}`;
  return { proxy, postgres: open({ url: url.href, timeouts: TIMEOUTS, ...options }) };
}

const pidOf = async (session: Session): Promise<number> =>
  (await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid ?? 0;

/** Ends a connection as an administrator does, and resolves when the server has let go of it. */
async function end(pid: number): Promise<void> {
  const administrator = open({ max: 1 });
  await administrator.execute('SELECT pg_terminate_backend($1, 5000)', [pid]);
}

function faults(): { onFault: () => void; first: Promise<void> } {
  let onFault = (): void => undefined;
  const first = new Promise<void>((resolve) => (onFault = resolve));
  return { onFault: () => onFault(), first };
}

it('answers numbers as numbers, times and JSON as text, bytes as bytes', async () => {
  const [row] = await open().query(
    `SELECT 9007199254740991 AS position, 7::integer AS seq, true AS yes, null AS nothing, '\\x00ff'::bytea AS hash,
      '{"a":1}'::jsonb AS json, timestamptz '2026-01-02 03:04:05+00' AT TIME ZONE 'utc' AS at, 'ü'::text AS text`,
  );
  expect(row).toEqual({
    position: 9_007_199_254_740_991,
    seq: 7,
    yes: true,
    nothing: null,
    hash: Buffer.from([0, 255]),
    json: '{"a": 1}',
    at: '2026-01-02 03:04:05',
    text: 'ü',
  });
});

it('sets all time limits on the server', async () => {
  const postgres = open({ timeouts: TIMEOUTS });
  const [row] = await postgres.query(`SELECT current_setting('statement_timeout') AS statement,
    current_setting('lock_timeout') AS lock, current_setting('idle_in_transaction_session_timeout') AS idle,
    current_setting('application_name') AS name`);
  expect(row).toEqual({ statement: '2s', lock: '300ms', idle: '300ms', name: 'tests' });
});

it('outlives a connection that is ended while nobody uses it', async () => {
  const { onFault, first } = faults();
  const postgres = open({ max: 1, onFault });
  await end(await pidOf(postgres));
  await first;
  expect(await pidOf(postgres)).toBeGreaterThan(0);
});

it('outlives a connection that is ended between two statements of a transaction', async () => {
  const { onFault, first } = faults();
  const postgres = open({ max: 1, onFault });
  const broken = postgres.transaction(async (session) => {
    await end(await pidOf(session));
    await first;
    await session.query('SELECT 1');
  });
  await expect(broken).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  expect(await pidOf(postgres)).toBeGreaterThan(0);
});

it('does not know what became of a commit that was not answered', async () => {
  const { onFault, first } = faults();
  const postgres = open({ max: 1, onFault });
  const broken = postgres.transaction(async (session) => {
    await end(await pidOf(session));
    await first;
  });
  await expect(broken).rejects.toMatchObject({ code: 'unknown', temporary: true });
  expect(await pidOf(postgres)).toBeGreaterThan(0);
});

it('outlives a connection that is ended under a statement', async () => {
  const postgres = open({ max: 2 });
  let pid = 0;
  const broken = postgres.transaction(async (session) => {
    pid = await pidOf(session);
    await Promise.all([session.query('SELECT pg_sleep(30)'), session.query('SELECT 1'), end(pid)]);
  });
  await expect(broken).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  expect(await pidOf(postgres)).not.toBe(pid);
});

it('gives up a peer that accepts and stays silent, and comes back when it speaks', async () => {
  const { postgres, proxy } = await openBehindProxy();
  proxy.blackHole();
  await expect(postgres.query('SELECT 1')).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  proxy.heal();
  expect(await postgres.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

it('gives up a peer that falls silent under a statement, and comes back when it speaks', async () => {
  const { postgres, proxy } = await openBehindProxy();
  await postgres.query('SELECT 1');
  proxy.blackHole('down');
  await expect(postgres.query('SELECT 1')).rejects.toMatchObject({ code: 'unknown', temporary: true });
  proxy.heal();
  const inTransaction = postgres.transaction(async (session) => {
    proxy.blackHole('up');
    await session.query('SELECT 1');
  });
  await expect(inTransaction).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  proxy.heal();
  expect(await postgres.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

it('closes though the peer does not say goodbye', async () => {
  const mute = await createMuteable();
  const postgres = open({ url: mute.url });
  await postgres.query('SELECT 1');
  mute.mute();
  await expect(postgres.close()).resolves.toBeUndefined();
  await expect(postgres.query('SELECT 1')).rejects.toMatchObject({ code: 'closed', temporary: false });
});

it('is unavailable while there is no server, and there as soon as there is', async () => {
  const { postgres, proxy } = await openBehindProxy();
  proxy.cut();
  await expect(postgres.query('SELECT 1')).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  await expect(postgres.transaction(async () => 1)).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  proxy.heal();
  expect(await postgres.transaction((session) => session.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
});

it('ends a statement that takes too long, a lock that is waited for too long, a transaction that nobody goes on with', async () => {
  const postgres = open({ timeouts: { ...TIMEOUTS, statementMs: 100, answerMs: 5_000 } });
  await expect(postgres.query('SELECT pg_sleep(5)')).rejects.toMatchObject({ code: 'busy', temporary: true });

  await open().transaction(async (session) => {
    await session.query('SELECT pg_advisory_xact_lock(4, 2)');
    const waiting = open({ timeouts: TIMEOUTS });
    const error = { code: 'busy', temporary: true };
    await expect(waiting.query('SELECT pg_advisory_lock(4, 2)')).rejects.toMatchObject(error);
  });

  const { onFault, first } = faults();
  const idle = open({ timeouts: TIMEOUTS, onFault }).transaction(() => first);
  await expect(idle).rejects.toMatchObject({ code: 'unknown', temporary: true });
});

it('commits nothing of work that threw, and the connection is as good as before', async () => {
  const postgres = open({ max: 1 });
  await postgres.execute(`CREATE TEMP TABLE ${TABLE} (n integer PRIMARY KEY)`);
  const insert = `INSERT INTO ${TABLE} VALUES ($1)`;
  const pid = await pidOf(postgres);
  const thrown = postgres.transaction(async (session) => {
    await session.execute(insert, [1]);
    throw new RangeError('of the work');
  });
  await expect(thrown).rejects.toThrow(RangeError);
  const refused = postgres.transaction((session) =>
    Promise.all([session.execute(insert, [1]), session.execute(insert, [1]), session.execute(insert, [2])]),
  );
  await expect(refused).rejects.toMatchObject({ code: '23505' });
  expect(await postgres.query(`SELECT n FROM ${TABLE}`)).toEqual([]);
  expect(await pidOf(postgres)).toBe(pid);
  const hidden = postgres.transaction(async (session) => {
    await session.execute(insert, [1]);
    await session.execute(insert, [1]).catch(() => undefined);
  });
  await expect(hidden).rejects.toThrow('nothing was committed');
  expect(await pidOf(postgres)).not.toBe(pid); // thrown away with the commit that was none
});

it('lets nothing of a transaction reach its connection once it is over', async () => {
  const postgres = open({ max: 1 });
  let kept: Session | undefined;
  await postgres.transaction(async (session) => {
    kept = session;
  });
  await expect(kept?.query('SELECT 1')).rejects.toThrow('over');
});

/** A way to the server that, once it is mute, hands on not even that a side has ended: as a host that has stopped. */
async function createMuteable(): Promise<{ url: string; mute(): void }> {
  const url = new URL(servers().postgres.url);
  const [host, port] = [url.hostname, Number(url.port)];
  const sockets: Socket[] = [];
  let muted = false;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host, port });
    sockets.push(client, upstream);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (bytes) => muted || to.write(bytes));
      from.on('error', () => undefined); // of what the test has cut
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push({
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: url.href, mute: () => void (muted = true) };
}
