import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { LOOPBACK } from './free-ports.ts';
import { ensureJars, type JarSet } from './jars.ts';
import { findJava } from './java.ts';
import { type DevServer, type Place, portOf } from './server.ts';

const JARS: JarSet = {
  name: 'kafka',
  version: '4.3.0',
  // Without the last one Kafka says nothing at all, not even why it does not start.
  artifacts: ['org.apache.kafka:kafka_2.13:4.3.0', 'org.slf4j:slf4j-simple:1.7.36'],
};
const HEAP = ['-Xms384m', '-Xmx384m'];
const LOGGING = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];
const PROPERTIES = 'server.properties';
const FORMATTED = 'formatted';
const ASK_MS = 3_000;
const PROBE_GROUP = 'hindsight-dev-probe';

const run = promisify(execFile);

export const kafka: DevServer = {
  name: 'kafka',
  title: `Kafka ${JARS.version}`,
  ports: ['client', 'controller'],
  stopSignal: 'SIGTERM',
  prepare,
  ask,
  env: (place) => ({ HINDSIGHT_KAFKA_BROKERS: `${LOOPBACK}:${portOf(place, 'client')}` }),
};

async function prepare(place: Place) {
  const { folder, say } = place;
  const java = await findJava();
  const jars = await ensureJars(JARS, { say });
  writeFileSync(join(folder, PROPERTIES), properties(place));
  const jvm = [...HEAP, ...LOGGING, '-cp', join(jars, '*')];
  await format(folder, [java, ...jvm]);
  return { command: java, args: [...jvm, 'kafka.Kafka', PROPERTIES], cwd: folder };
}

/** Once per data folder; one that was interrupted is done again. */
async function format(folder: string, [java = '', ...jvm]: readonly string[]): Promise<void> {
  if (existsSync(join(folder, FORMATTED))) return;
  const options = ['format', '--ignore-formatted', '-t', clusterId(), '-c', PROPERTIES];
  await run(java, [...jvm, 'kafka.tools.StorageTool', ...options], { cwd: folder });
  writeFileSync(join(folder, FORMATTED), '');
}

/** Sixteen bytes as base64url; Kafka's own parser would take a leading `-` for an option. */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) % 64;
  return bytes.toString('base64url');
}

/** Broker and controller in one. Its own topics have one replica, since there is nobody to hold another. */
function properties(place: Place): string {
  const [client, controller] = [portOf(place, 'client'), portOf(place, 'controller')];
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${LOOPBACK}:${controller}
listeners=PLAINTEXT://${LOOPBACK}:${client},CONTROLLER://${LOOPBACK}:${controller}
advertised.listeners=PLAINTEXT://${LOOPBACK}:${client}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`;
}

/** The cluster's metadata, and a group's coordinator: in its first seconds a broker has the one and not the other. */
async function ask(place: Place): Promise<void> {
  const admin = new kafkajs.Kafka({
    brokers: [`${LOOPBACK}:${portOf(place, 'client')}`],
    connectionTimeout: ASK_MS,
    requestTimeout: ASK_MS,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    await admin.fetchTopicMetadata();
    await admin.fetchOffsets({ groupId: PROBE_GROUP });
  } finally {
    await admin.disconnect();
  }
}
