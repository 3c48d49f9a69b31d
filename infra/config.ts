import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../events/message-of.ts';

/**
 * The one reader of `process.env`. Every setting comes from a flag, else `HINDSIGHT_…` in the environment, else the
 * configuration file, else its default; `docs/settings.md` is generated from this table.
 */
interface Setting<T> {
  schema: z.ZodType<T>;
  default: T;
  what: string;
  /** Its value is never printed: it is or may hold a password. */
  secret: boolean;
}

const setting = <T>(schema: z.ZodType<T>, fallback: T, what: string): Setting<T> => ({
  schema,
  default: fallback,
  what,
  secret: false,
});
const secret = <T>(schema: z.ZodType<T>, fallback: T, what: string): Setting<T> => ({
  ...setting(schema, fallback, what),
  secret: true,
});

/** Digits or a number: `Number` would take `null` or a blank for 0. */
const whole = (least: number, most: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value),
    z.int().min(least).max(most),
  );
const port = whole(0, 65_535);
const onOff = z
  .union([z.boolean(), z.enum(['on', 'off', 'true', 'false'])])
  .transform((value) => value === true || value === 'on' || value === 'true');
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
]);
const url = z.string().nullable();
/** Texts of a form that whoever reads them would otherwise fail on much later, and in words of its own. */
const formed = (form: RegExp, error: string) => z.string().trim().regex(form, { error }).nullable();
const HOST = '(?:\\[[^\\]\\s]+\\]|[^\\s:/?#,@[\\]]+)';
const PORT = '(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3})';
const listOf = (item: string): RegExp => new RegExp(`^${item}(?:\\s*,\\s*${item})*$`);
const EVENT_STORE = new RegExp(
  `^(?:esdb|kurrentdb)(?:\\+discover)?://(?:[^\\s@/]+@)?${HOST}(?::${PORT})?(?:,${HOST}(?::${PORT})?)*/?(?:\\?\\S*)?$`,
);

/** Each partition is a checkpoint to keep for every group; each slot a row that every gateway reads twice a second. */
export const PARTITIONS_MAX = 1_024;
export const SLOTS_MAX = 4_096;

export const SETTINGS = {
  data: setting(z.string().min(1), 'data', 'Folder of the log, the views, the accounts and the keys.'),
  host: setting(z.string().min(1), '127.0.0.1', 'Address to listen on.'),
  port: setting(port, 4_000, 'HTTP port; 0 picks a free one.'),
  gatewayPort: setting(port, 4_001, 'WebSocket port; 0 picks a free one.'),
  demo: setting(
    onOff,
    true,
    'Seed a fresh data folder with a short real conversation and demo users; `false` starts empty.',
  ),
  origins: setting(
    list,
    [],
    'Allowed `Origin`s of browsers, comma-separated, exact. Empty: the own HTTP address, or that of `publicUrl`.',
  ),
  publicUrl: setting(url, null, 'The HTTP address that clients see, where a proxy stands in front.'),
  publicGatewayUrl: setting(url, null, 'The WebSocket address that clients see, where a proxy stands in front.'),
  accessTokenS: setting(whole(1, 86_400), 900, 'Life of an access token in seconds.'),
  rateLimits: setting(onOff, true, '`off` for tests and load.'),
  userSearch: setting(
    z.enum(['off', 'prefix', 'part']),
    'prefix',
    'How users may be searched: not at all, by the beginning of a name, or by any part of it.',
  ),
  directChats: setting(z.enum(['anyone', 'connections']), 'anyone', 'Who may start a direct chat with whom.'),
  logLevel: setting(
    z.enum(['silent', 'error', 'warn', 'info', 'debug']),
    'warn',
    'What is logged, as JSON lines on standard error.',
  ),
  traces: secret(
    z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).nullable(),
    null,
    'Where traces are sent, as OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`. Unset, nothing is traced.',
  ),
  eventstoreUrl: secret(
    formed(EVENT_STORE, 'must be `esdb://host:port`, `esdb+discover://host` or the like'),
    null,
    'Cluster: EventStoreDB connection string (`esdb://…`).',
  ),
  kafkaBrokers: setting(
    formed(listOf(`${HOST}:${PORT}`), 'must be `host:port`, comma-separated where there are more'),
    null,
    'Cluster: Kafka brokers, comma-separated.',
  ),
  kafkaTls: setting(onOff, false, 'Cluster: whether Kafka is spoken to over TLS.'),
  kafkaSasl: secret(
    formed(
      /^(?:plain|scram-sha-256|scram-sha-512):[^:]+:.+$/,
      'must be `plain`, `scram-sha-256` or `scram-sha-512`, a colon, the user, a colon, the password',
    ),
    null,
    'Cluster: how to sign in to Kafka, as `scram-sha-512:<user>:<password>`.',
  ),
  kafkaPrefix: setting(
    z.string().regex(/^[a-zA-Z0-9._-]{1,100}$/),
    'hindsight',
    'Cluster: how the names of the topics and consumer groups begin.',
  ),
  partitions: setting(
    whole(1, PARTITIONS_MAX),
    8,
    'Cluster: partitions of the events’ topic. Fixed once the topic is there.',
  ),
  slots: setting(
    whole(1, SLOTS_MAX),
    16,
    'Cluster: recipient slots, which gateways share out. Fixed once the topic is there.',
  ),
  cassandraContactPoints: setting(
    formed(listOf(`${HOST}(?::${PORT})?`), 'must be `host` or `host:port`, comma-separated where there are more'),
    null,
    'Cluster: Cassandra contact points, comma-separated, `host` or `host:port`.',
  ),
  cassandraKeyspace: setting(
    z.string().regex(/^[a-z][a-z0-9_]{0,47}$/),
    'hindsight',
    'Cluster: the keyspace; made where it is missing.',
  ),
  cassandraDatacenter: setting(z.string().min(1), 'datacenter1', 'Cluster: the local data centre.'),
  cassandraReplication: setting(
    whole(1, 9),
    1,
    'Cluster: replicas in the local data centre, for a keyspace that is made.',
  ),
  cassandraAuth: secret(
    formed(/^[^:]+:.+$/, 'must be the user, a colon, the password'),
    null,
    'Cluster: how to sign in to Cassandra, as `<user>:<password>`.',
  ),
  cassandraTls: setting(onOff, false, 'Cluster: whether Cassandra is spoken to over TLS.'),
  postgresUrl: secret(
    formed(/^postgres(?:ql)?:\/\/\S+$/, 'must be `postgres://…`'),
    null,
    'Cluster: Postgres connection string.',
  ),
  opsPort: setting(port, 4_002, 'Cluster: port of the probes and metrics of a process; 0 picks a free one.'),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Config = { [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };
export type Overrides = { [K in SettingName]?: unknown };

const CLUSTER: readonly SettingName[] = ['eventstoreUrl', 'kafkaBrokers', 'cassandraContactPoints', 'postgresUrl'];
/** Read from the working folder where `HINDSIGHT_CONFIG` names no other file. */
const CONFIG_FILE = 'hindsight.json';

export const envNameOf = (name: SettingName): string =>
  `HINDSIGHT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** A setting that cannot be used: what, from where and why, fit to be shown to the operator. */
export class ConfigError extends Error {
  readonly code = 'config';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export interface LoadedConfig {
  config: Config;
  /** Where each value came from. */
  origin: Record<SettingName, 'flag' | 'environment' | 'file' | 'default'>;
  /** The configuration file that was read, if any. */
  file: string | null;
  /** Not wrong enough to stop: names in the environment that mean nothing. */
  warnings: string[];
}

/** Throws `ConfigError` naming every problem at once. */
export function loadConfig(flags: Overrides = {}, env: NodeJS.ProcessEnv = process.env): LoadedConfig {
  const problems: string[] = [];
  const warnings: string[] = [];
  const { file, values } = readFile(env, problems);
  const names = Object.keys(SETTINGS) as SettingName[];
  const known = new Set([...names.map(envNameOf), 'HINDSIGHT_CONFIG']);
  for (const name of Object.keys(env)) {
    if (name.startsWith('HINDSIGHT_') && !known.has(name)) warnings.push(`${name}: no such setting; it is ignored`);
  }
  for (const name of Object.keys(values)) if (!(name in SETTINGS)) problems.push(`${file}: ${name}: no such setting`);

  const origin = {} as LoadedConfig['origin'];
  const entries = names.map((name) => {
    const candidates = [
      ['flag', flags[name]],
      ['environment', env[envNameOf(name)]],
      ['file', values[name]],
    ] as const;
    const [from, given] = candidates.find(([, value]) => !isUnset(value)) ?? ['default', SETTINGS[name].default];
    origin[name] = from;
    if (from === 'default') return [name, given];
    const parsed = SETTINGS[name].schema.safeParse(given);
    if (!parsed.success) {
      const where = from === 'environment' ? envNameOf(name) : from === 'flag' ? `--${name}` : `${file}: ${name}`;
      problems.push(`${where}: ${parsed.error.issues.map(({ message }) => message).join('; ')}`);
      return [name, SETTINGS[name].default];
    }
    return [name, parsed.data];
  });
  const config = Object.fromEntries(entries) as Config;
  config.data = resolve(config.data);
  if (problems.length === 0) problems.push(...clusterProblems(config));
  if (config.directChats === 'connections')
    problems.push('directChats: connections between users come in a later version');
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, origin, file, warnings };
}

/** An empty text is what a script or a compose file passes for a setting that it leaves out. */
const isUnset = (value: unknown): boolean => value === undefined || (typeof value === 'string' && value.trim() === '');

function readFile(
  env: NodeJS.ProcessEnv,
  problems: string[],
): { file: string | null; values: Record<string, unknown> } {
  const named = env['HINDSIGHT_CONFIG']?.trim() || undefined;
  const file = resolve(named ?? join(process.cwd(), CONFIG_FILE));
  if (!existsSync(file)) {
    if (named !== undefined) problems.push(`HINDSIGHT_CONFIG: there is no file ${file}`);
    return { file: null, values: {} };
  }
  try {
    return { file, values: z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8'))) };
  } catch (error) {
    problems.push(`${file}: not a JSON object (${messageOf(error)})`);
    return { file, values: {} };
  }
}

function clusterProblems(config: Config): string[] {
  const given = CLUSTER.filter((name) => config[name] !== null);
  if (given.length === 0) return [];
  if (given.length < CLUSTER.length) {
    const missing = CLUSTER.filter((name) => config[name] === null).map(envNameOf);
    return [`a cluster needs all of its four addresses; missing: ${missing.join(', ')}`];
  }
  return [];
}

/** The configuration of a cluster: its four addresses are all there. */
export type ClusterConfig = Config & {
  [K in 'eventstoreUrl' | 'kafkaBrokers' | 'cassandraContactPoints' | 'postgresUrl']: string;
};
export const isCluster = (config: Config): config is ClusterConfig => config.eventstoreUrl !== null;
