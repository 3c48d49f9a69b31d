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
