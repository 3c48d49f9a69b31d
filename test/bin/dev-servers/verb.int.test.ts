import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import cassandra from 'cassandra-driver';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { down, type ServerStatus, signal } from '../../../bin/dev-servers/index.ts';
import { hindsight, hindsightJson, linesOf } from '../../support/cli.ts';
import { temporaryFolders } from '../../support/temporary-folders.ts';

const STARTS_MS = 400_000;
const STARTS_NOTHING = { PATH: '/nowhere', JAVA_HOME: '' };
const folders = temporaryFolders();
const folder = join(folders.folder(), 'dev');

interface Printed {
  folder: string;
  env: Record<string, string>;
  servers: ServerStatus[];
}

const dev = (action: string): Promise<Printed> => hindsightJson<Printed>(['dev', action, '--dir', folder]);
const statesOf = ({ servers }: Printed): Record<string, string> =>
  Object.fromEntries(servers.map(({ name, state }) => [name, state]));
const pidsOf = ({ servers }: Printed): (number | null)[] => servers.map(({ pid }) => pid);
const every = (state: string) => ({ 'event-store': state, kafka: state, cassandra: state, postgres: state });

afterAll(async () => {
  await down({ folder, say: () => undefined });
  folders.remove();
}, STARTS_MS);

it(
  'starts them all, leaves them running, finds them again, and keeps their data and ports',
  async () => {
    const first = await dev('up');
    expect(first.folder).toBe(folder);
    expect(Object.keys(first.env).toSorted()).toEqual([
      'HINDSIGHT_CASSANDRA_CONTACT_POINTS',
      'HINDSIGHT_EVENTSTORE_URL',
      'HINDSIGHT_KAFKA_BROKERS',
      'HINDSIGHT_POSTGRES_URL',
    ]);
    await write(first.env);
    expect(await read(first.env)).toEqual({ events: 1, topics: ['kept'], keyspaces: 1, tables: 1 });

    const again = await dev('up');
    expect(pidsOf(again)).toEqual(pidsOf(first));
    expect(await dev('status')).toEqual(again);

    expect(signal(folder, 'postgres', 'SIGKILL')).toBe(true);
    await expect
      .poll(async () => statesOf(await dev('status')), { timeout: 20_000 })
      .toEqual({
        ...every('running'),
        postgres: 'ended',
      });

    const stopped = await dev('down');
    expect([statesOf(stopped), stopped.env]).toEqual([every('stopped'), first.env]);
    await expect(read(first.env)).rejects.toThrow();

    const second = await dev('up');
    expect(second.env).toEqual(first.env);
    expect(await read(second.env)).toEqual({ events: 1, topics: ['kept'], keyspaces: 1, tables: 1 });

    const lines = await hindsight(['dev', 'up', '--dir', folder]);
    expect(linesOf(lines.stdout)).toEqual(
      Object.entries(second.env).map(([name, value]) => `export ${name}='${value}'`),
    );
    expect(lines.stderr).toContain('stand-in event store (not EventStoreDB) is running already');
  },
  STARTS_MS,
);

it(
  'fails where there is no Java, and says what to install',
  async () => {
    const other = join(folders.folder(), 'dev');
    try {
      const { code, stdout } = await hindsight(['dev', 'up', '--json', '--dir', other], { env: STARTS_NOTHING });
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toEqual({
        error: { code: 'java-missing', message: expect.stringContaining('openjdk-17-jre-headless') },
      });
    } finally {
      await down({ folder: other, say: () => undefined });
    }
  },
  STARTS_MS,
);

/** One thing in each of them. */
async function write(env: Record<string, string>): Promise<void> {
  await onEach(env, {
    events: (client) => client.appendToStream('kept', jsonEvent({ type: 'Kept', data: {} })),
    kafka: (admin) => admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] }),
    cassandra: (client) =>
      client.execute("CREATE KEYSPACE kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"),
    postgres: (client) => client.query('CREATE TABLE kept (id int)'),
  });
}

async function read(env: Record<string, string>) {
  const found = await onEach(env, {
    events: async (client) => {
      let events = 0;
      for await (const _ of client.readStream('kept')) events++;
      return events;
    },
    kafka: async (admin) => (await admin.listTopics()).filter((topic) => !topic.startsWith('__')),
    cassandra: (client) =>
      client.execute("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = 'kept'"),
    postgres: (client) => client.query("SELECT 1 FROM pg_tables WHERE tablename = 'kept'"),
  });
  return {
    events: found.events,
    topics: found.kafka,
    keyspaces: found.cassandra.rows.length,
    tables: found.postgres.rows.length,
  };
}

interface Work<E, K, C, P> {
  events(client: EventStoreDBClient): Promise<E>;
  kafka(admin: kafkajs.Admin): Promise<K>;
  cassandra(client: cassandra.Client): Promise<C>;
  postgres(client: pg.Client): Promise<P>;
}

/** With the settings that were printed, through each server's own client. */
async function onEach<E, K, C, P>(env: Record<string, string>, work: Work<E, K, C, P>) {
  const events = EventStoreDBClient.connectionString(env['HINDSIGHT_EVENTSTORE_URL'] ?? '');
  const brokers = (env['HINDSIGHT_KAFKA_BROKERS'] ?? '').split(',');
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 2 } }).admin();
  const contactPoints = (env['HINDSIGHT_CASSANDRA_CONTACT_POINTS'] ?? '').split(',');
  const rows = new cassandra.Client({ contactPoints, localDataCenter: 'datacenter1' });
  const sql = new pg.Client(env['HINDSIGHT_POSTGRES_URL']);
  try {
    await Promise.all([admin.connect(), rows.connect(), sql.connect()]);
    return {
      events: await work.events(events),
      kafka: await work.kafka(admin),
      cassandra: await work.cassandra(rows),
      postgres: await work.postgres(sql),
    };
  } finally {
    await Promise.all([events.dispose(), admin.disconnect(), rows.shutdown(), sql.end()]);
  }
}
