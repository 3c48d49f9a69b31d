import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { envNameOf, SETTINGS, type SettingName } from '../../infra/config.ts';
import { cliHere } from '../support/cli-here.ts';
import { temporaryFolder } from '../support/server-process.ts';

const PASSWORD = 'hunter2';
/** The forms in which a password is given to some setting or other. */
const FORMS = [
  `scram-sha-512:me:${PASSWORD}`,
  `me:${PASSWORD}`,
  `postgres://me:${PASSWORD}@db.example/chat`,
  `esdb://me:${PASSWORD}@events.example`,
  `https://me:${PASSWORD}@traces.example/v1/traces`,
  PASSWORD,
];
/** They take any text, and none of them has use for a password. */
const ANY_TEXT: readonly SettingName[] = [
  'data',
  'host',
  'origins',
  'publicUrl',
  'publicGatewayUrl',
  'kafkaPrefix',
  'kafkaBrokers',
  'cassandraContactPoints',
  'cassandraKeyspace',
  'cassandraDatacenter',
];
/** A cluster has all of its addresses or none. */
const CLUSTER = {
  HINDSIGHT_EVENTSTORE_URL: 'esdb://events.example',
  HINDSIGHT_KAFKA_BROKERS: 'kafka.example:9092',
  HINDSIGHT_CASSANDRA_CONTACT_POINTS: 'cassandra.example',
  HINDSIGHT_POSTGRES_URL: 'postgres://db.example/chat',
};

beforeEach(() => vi.stubEnv('HINDSIGHT_DATA', join(temporaryFolder(), 'none')));
afterEach(() => void vi.unstubAllEnvs());

describe('config check prints no password', () => {
  const names = (Object.keys(SETTINGS) as SettingName[]).filter((name) => !ANY_TEXT.includes(name));

  it.each(names)('%s', async (name) => {
    for (const form of FORMS) {
      for (const [variable, value] of Object.entries({ ...CLUSTER, [envNameOf(name)]: form }))
        vi.stubEnv(variable, value);
      const [text, json] = [await cliHere(['config', 'check']), await cliHere(['config', 'check', '--json'])];
      expect([text, json].map(({ stdout, stderr }) => `${stdout}${stderr}`).join('')).not.toContain(PASSWORD);
      expect([text.code, json.code]).toEqual(SETTINGS[name].schema.safeParse(form).success ? [0, 0] : [2, 2]);
    }
  });

  it('of what is secret it says that it is set', async () => {
    vi.stubEnv('HINDSIGHT_KAFKA_SASL', FORMS[0]);
    const { settings } = JSON.parse((await cliHere(['config', 'check', '--json'])).stdout) as {
      settings: Record<SettingName, unknown>;
    };
    expect(settings.kafkaSasl).toEqual({ value: '(set)', from: 'environment' });
    expect(settings.cassandraAuth).toEqual({ value: null, from: 'default' });
    expect(settings.port).toEqual({ value: 4_000, from: 'default' });
  });
});
