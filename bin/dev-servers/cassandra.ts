import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import driver from 'cassandra-driver';
import { DevServerError } from './failure.ts';
import { LOOPBACK } from './free-ports.ts';
import { ensureJars, type JarSet } from './jars.ts';
import { findJava } from './java.ts';
import { type DevServer, type Place, portOf } from './server.ts';

const JARS: JarSet = {
  name: 'cassandra',
  version: '5.0.9',
  artifacts: ['org.apache.cassandra:cassandra-all:5.0.9'],
};
const HEAP = ['-Xms512m', '-Xmx512m'];
const DATACENTER = 'datacenter1';
const ASK_MS = 5_000;

/** What Cassandra reaches into the JDK for, as its own `jvm17-server.options` lists it. */
const JDK_PACKAGES = [
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'java.base/java.io',
  'java.base/java.net',
  'java.base/java.nio',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'jdk.management/com.sun.management.internal',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
];

export const cassandra: DevServer = {
  name: 'cassandra',
  title: `Cassandra ${JARS.version}`,
  ports: ['client', 'internal'],
  stopSignal: 'SIGTERM',
  prepare,
  ask,
  env: (place) => ({ HINDSIGHT_CASSANDRA_CONTACT_POINTS: `${LOOPBACK}:${portOf(place, 'client')}` }),
};

async function prepare(place: Place) {
  const { folder, say } = place;
  const java = await findJava();
  const jars = await ensureJars(JARS, { say });
  const [config, logging] = [join(folder, 'cassandra.yaml'), join(folder, 'logback.xml')];
  writeFileSync(config, yaml(place));
  writeFileSync(logging, LOGBACK);
  const agent = readdirSync(jars).find((name) => name.startsWith('jamm-'));
  if (agent === undefined)
    throw new DevServerError('jars-missing', `${jars} holds no jamm, without which Cassandra does not start`);
  const args = [
    ...HEAP,
    `-javaagent:${join(jars, agent)}`,
    `-Dcassandra.config=${pathToFileURL(config).href}`,
    `-Dcassandra.storagedir=${folder}`,
    `-Dlogback.configurationFile=${logging}`,
    '-Dcassandra-foreground=yes',
    // There are no neighbours to wait for.
    '-Dcassandra.skip_wait_for_gossip_to_settle=0',
    '-Dcassandra.ring_delay_ms=1',
    '-Djdk.attach.allowAttachSelf=true',
    '-Djava.security.manager=allow',
    ...JDK_PACKAGES.flatMap((name) => ['--add-exports', `${name}=ALL-UNNAMED`, '--add-opens', `${name}=ALL-UNNAMED`]),
    '-cp',
    join(jars, '*'),
    'org.apache.cassandra.service.CassandraDaemon',
  ];
  return { command: java, args, cwd: folder };
}

/** `batch`: a write is answered once it is on disk; with the default a kill loses what was answered just before. */
function yaml(place: Place): string {
  const within = (name: string): string => JSON.stringify(join(place.folder, name));
  const internal = portOf(place, 'internal');
  return `cluster_name: hindsight
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${LOOPBACK}:${internal}"
listen_address: ${LOOPBACK}
rpc_address: ${LOOPBACK}
storage_port: ${internal}
native_transport_port: ${portOf(place, 'client')}
data_file_directories: [${within('data')}]
commitlog_directory: ${within('commitlog')}
hints_directory: ${within('hints')}
saved_caches_directory: ${within('saved_caches')}
cdc_raw_directory: ${within('cdc_raw')}
commitlog_sync: batch
commitlog_segment_size: 8MiB
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
auto_snapshot: false
disk_failure_policy: stop
commit_failure_policy: stop
read_request_timeout: 10s
write_request_timeout: 10s
range_request_timeout: 20s
request_timeout: 20s
`;
}

/** Left alone, it would log every step of itself at debug level. */
const LOGBACK = `<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} %-5level [%thread] %logger{0}: %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="console" /></root>
  <logger name="org.apache.cassandra.service" level="INFO" />
</configuration>
`;

async function ask(place: Place): Promise<void> {
  const client = new driver.Client({
    contactPoints: [LOOPBACK],
    protocolOptions: { port: portOf(place, 'client') },
    localDataCenter: DATACENTER,
    socketOptions: { connectTimeout: ASK_MS, readTimeout: ASK_MS },
    policies: { reconnection: new driver.policies.reconnection.ConstantReconnectionPolicy(ASK_MS) },
  });
  try {
    await client.connect();
    await client.execute('SELECT release_version FROM system.local');
  } finally {
    await client.shutdown();
  }
}
