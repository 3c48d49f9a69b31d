import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { hindsight, hindsightJson } from '../support/cli.ts';
import { temporaryFolder } from '../support/server-process.ts';

beforeAll(async () => {
  await hindsight(['version']); // what has to be built is built
});

it('help names the verbs, goes to standard output and is a success', async () => {
  const { code, stdout, stderr } = await hindsight(['--help']);
  expect([code, stderr]).toEqual([0, '']);
  for (const verb of ['serve', 'doctor', 'import', 'events', 'replay', 'projections', 'backup', 'restore']) {
    expect(stdout).toMatch(new RegExp(`^ {2}${verb}\\b`, 'm'));
  }
});

it('wrong usage is exit code 2', async () => {
  const { code, stdout } = await hindsight(['nonsense']);
  expect([code, stdout]).toEqual([2, '']);
});

it('settings come from flag over environment over file over default, and unknown ones are warned of', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'some.json');
  writeFileSync(file, JSON.stringify({ port: 1, host: 'localhost', accessTokenS: 60 }));
  const env = { HINDSIGHT_CONFIG: file, HINDSIGHT_PORT: '2', HINDSIGHT_ACCESS_TOKEN_S: '70', HINDSIGHT_NONSENSE: '1' };
  const checked = await hindsightJson<{ settings: object; warnings: string[] }>(['config', 'check', '--port', '3'], {
    env,
    data: folder,
  });
  expect(checked.settings).toMatchObject({
    port: { value: 3, from: 'flag' },
    accessTokenS: { value: 70, from: 'environment' },
    host: { value: 'localhost', from: 'file' },
    gatewayPort: { value: 4_001, from: 'default' },
  });
  expect(checked.warnings).toEqual([expect.stringContaining('HINDSIGHT_NONSENSE')]);
});
