import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envNameOf, loadConfig, SETTINGS, type SettingName } from '../../infra/config.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hindsight-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inFile = (values: object): NodeJS.ProcessEnv => {
  const file = join(folder, 'hindsight.json');
  writeFileSync(file, JSON.stringify(values));
  return { HINDSIGHT_CONFIG: file };
};
const problemsOf = (load: () => unknown): string => {
  try {
    load();
    return '';
  } catch (error) {
    return String(error);
  }
};

it.each(Object.keys(SETTINGS) as SettingName[])('%s: an empty value counts as not given', (name) => {
  const standard = loadConfig({}, {}).config[name];
  for (const empty of ['', ' ']) {
    const { config, origin } = loadConfig({ [name]: empty }, { [envNameOf(name)]: empty, HINDSIGHT_CONFIG: empty });
    expect(config[name]).toEqual(standard);
    expect(origin[name]).toBe('default');
  }
});

it('an empty value leaves the word to what comes after it', () => {
  const { config, origin } = loadConfig({}, { ...inFile({ port: 7_000 }), HINDSIGHT_PORT: '' });
  expect([config.port, origin.port]).toEqual([7_000, 'file']);
});

it('a number is digits, and nothing that only turns into one', () => {
  expect(loadConfig({}, { HINDSIGHT_PORT: '0' }).config.port).toBe(0);
  for (const wrong of [null, true, [], '0x50', '80.5', 65_536]) {
    expect(problemsOf(() => loadConfig({}, inFile({ port: wrong })))).toContain('port');
  }
});

const SERVERS = {
  HINDSIGHT_EVENTSTORE_URL: 'esdb+discover://admin:changeit@a.example:2113,b.example?tls=true',
  HINDSIGHT_KAFKA_BROKERS: 'a.example:9092, [::1]:9093',
  HINDSIGHT_CASSANDRA_CONTACT_POINTS: 'a.example,10.0.0.1:9042',
  HINDSIGHT_POSTGRES_URL: 'postgresql://hindsight:secret@db.example/chat?sslmode=require',
};

it('addresses and credentials of servers may take their usual forms', () => {
  const credentials = { HINDSIGHT_KAFKA_SASL: 'scram-sha-512:me:a:b', HINDSIGHT_CASSANDRA_AUTH: 'me:a:b' };
  expect(loadConfig({}, { ...SERVERS, ...credentials }).config.kafkaSasl).toBe('scram-sha-512:me:a:b');
});

it.each([
  ['EVENTSTORE_URL', 'http://a.example:2113'],
  ['EVENTSTORE_URL', 'esdb://:x'],
  ['KAFKA_BROKERS', '127.0.0.1'],
  ['KAFKA_BROKERS', '127.0.0.1:99999,,'],
  ['KAFKA_SASL', 'plain:x'],
  ['CASSANDRA_CONTACT_POINTS', '127.0.0.1:abc'],
  ['CASSANDRA_AUTH', 'nobody'],
  ['POSTGRES_URL', 'mysql://x'],
])('%s is not taken as %s', (name, value) => {
  const problems = problemsOf(() => loadConfig({}, { ...SERVERS, [`HINDSIGHT_${name}`]: value }));
  expect(problems).toContain(`HINDSIGHT_${name}: must be`);
});
