import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const tsxParser = join(root, 'bin/checks/parse-tsx.mjs');
const rooms = ['events', 'commands', 'projections', 'queries', 'gateway', 'infra', 'client', 'test', 'bin'];

interface Cruise {
  modules: unknown[];
  summary: { violations: { from: string; to: string; rule: { name: string } }[] };
}

/** Files of a small house in which every import is allowed. */
const soundHouse: Record<string, string[]> = {
  'events/chat.ts': ['zod'],
  'commands/chat/index.ts': ['../../events/chat.ts', 'lru-cache', 'node:crypto'],
  'commands/chat/decide.ts': ['./index.ts'],
  'commands/ports.ts': ['../events/chat.ts'],
  'gateway/ws/port.ts': ['../../events/chat.ts'],
  'infra/ws/socket-server.ts': ['../../gateway/ws/port.ts', 'ws'],
  'queries/members/view.ts': ['../../events/chat.ts'],
  'queries/members/index.ts': ['./view.ts'],
  'projections/members/project.ts': ['../../events/chat.ts', '../../queries/members/view.ts'],
  'gateway/http/chats.ts': ['../../commands/chat/index.ts', '../../queries/members/index.ts', 'fastify'],
  'infra/sqlite/members.ts': ['../../queries/members/view.ts', '../../commands/ports.ts', 'node:sqlite'],
  'client/sdk/index.ts': ['../../events/chat.ts'],
  'client/web/main.tsx': ['../sdk/index.ts', 'preact'],
  'projections/relay/relay.ts': ['../../events/chat.ts'],
  'projections/pause.ts': ['node:timers/promises'],
  'projections/index.ts': ['./relay/relay.ts', './members/project.ts'],
  'bin/embedded/projections/worker.ts': ['../../../projections/index.ts', '../../../infra/sqlite/members.ts'],
  'bin/cli/main.ts': ['../../infra/sqlite/members.ts', '../../gateway/http/chats.ts', 'commander'],
  'test/chat.test.ts': ['../bin/cli/main.ts', '../commands/chat/decide.ts', 'vitest', 'fast-check'],
};

/** [rule that must fire, importing file, what it imports] */
const planted: [string, string, string][] = [
  ['events-imports', 'events/bad.ts', '../queries/members/view.ts'],
  ['events-packages', 'events/bad-package.ts', 'lru-cache'],
  ['events-no-builtins', 'events/bad-builtin.ts', 'node:crypto'],
  ['commands-imports', 'commands/bad.ts', '../queries/members/index.ts'],
  ['commands-packages', 'commands/bad-package.ts', 'pino'],
  ['projections-imports', 'projections/bad.ts', '../queries/members/index.ts'],
  ['projections-packages', 'projections/bad-package.ts', 'lru-cache'],
  ['queries-imports', 'queries/bad.ts', '../projections/members/project.ts'],
  ['queries-packages', 'queries/bad-package.ts', 'fastify'],
  ['gateway-imports', 'gateway/bad.ts', '../commands/chat/decide.ts'],
  ['gateway-imports', 'gateway/bad-infra.ts', '../infra/sqlite/members.ts'],
  ['infra-imports', 'infra/bad.ts', '../commands/chat/decide.ts'],
  ['infra-imports', 'infra/bad-gateway.ts', '../gateway/http/chats.ts'],
  ['client-imports', 'client/bad.ts', '../queries/members/view.ts'],
  ['client-packages', 'client/web/bad-package.tsx', 'pino'],
  ['client-packages', 'client/sdk/bad-package.ts', 'lru-cache'],
  ['client-sdk-alone', 'client/sdk/bad.ts', '../web/main.tsx'],
  ['drivers-at-the-edge', 'commands/bad-driver.ts', 'node:sqlite'],
  ['drivers-at-the-edge', 'queries/bad-driver.ts', 'ws'],
  ['views-say-nothing', 'projections/members/bad.ts', '../relay/relay.ts'],
  ['projections-no-way-out', 'projections/relay/bad.ts', 'node:net'],
  ['embedded-views-no-way-out', 'bin/embedded/projections/worker.ts', './bad-way.ts'],
  ['adapters-apart', 'infra/postgres/bad.ts', '../sqlite/members.ts'],
  ['no-test-imports', 'bin/bad.ts', '../test/chat.test.ts'],
  ['no-bin-imports', 'infra/bad-bin.ts', '../bin/cli/main.ts'],
  ['no-development-packages', 'infra/bad-development.ts', 'fast-check'],
  ['no-unknown', 'infra/bad-unknown.ts', './nowhere.ts'],
  ['no-cycles', 'infra/bad-cycle-a.ts', './bad-cycle-b.ts'],
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hindsight-layers-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a house in which every import is allowed has no violations', () => {
  const cruise = cruiseHouse('sound', soundHouse);
  expect(cruise.modules.length).toBeGreaterThanOrEqual(Object.keys(soundHouse).length);
  expect(cruise.summary.violations).toEqual([]);
});

test('every rule fires on a planted import, and on a planted type-only import', () => {
  const plants = Object.fromEntries(planted.map(([, file, imported]) => [file, [imported]]));
  const behind = {
    'infra/bad-cycle-b.ts': ['./bad-cycle-a.ts'],
    'bin/embedded/projections/bad-way.ts': ['../../../infra/system/bad-way.ts'],
    'infra/system/bad-way.ts': ['node:net'],
  };
  const cruise = cruiseHouse('planted', { ...soundHouse, ...plants, ...behind });
  const fired = cruise.summary.violations.map((each) => `${each.rule.name} ${each.from}`);
  expect(planted.map(([rule, file]) => `${rule} ${file}`).filter((each) => !fired.includes(each))).toEqual([]);

  const typeOnly = cruiseHouse('type-only', { ...soundHouse, 'gateway/bad.ts': ['type ../commands/chat/decide.ts'] });
  expect(typeOnly.summary.violations.map((each) => each.rule.name)).toEqual(['gateway-imports']);
});

test('every rule has a planted violation', () => {
  const { forbidden } = loadRules();
  expect(new Set(planted.map(([rule]) => rule))).toEqual(new Set(forbidden.map((rule) => rule.name)));
});

test('the real cruise visits the real modules', () => {
  const present = readdirSync(root).filter((name) => rooms.includes(name));
  const cruise = run(root, present);
  expect(cruise.modules.length).toBeGreaterThan(20);
});

function cruiseHouse(name: string, files: Record<string, string[]>): Cruise {
  const house = join(folder, name);
  for (const [file, imports] of Object.entries(files)) {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(
      join(house, file),
      `${imports.map(importLine).join('\n')}\n${file.endsWith('x') ? 'export const page = <p>hello</p>;' : ''}`,
    );
  }
  for (const file of ['.dependency-cruiser.cjs', 'package.json']) cpSync(join(root, file), join(house, file));
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
  return run(house, rooms);
}

function importLine(specifier: string, index: number): string {
  const type = specifier.startsWith('type ');
  const from = specifier.replace('type ', '');
  return type
    ? `import type { Used${index} } from '${from}'; export type { Used${index} };`
    : `import * as used${index} from '${from}'; export { used${index} };`;
}

function run(cwd: string, folders: string[]): Cruise {
  const args = [
    '--import',
    tsxParser,
    cruiser,
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    ...folders,
  ];
  const done = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (!done.stdout) throw new Error(done.stderr);
  return JSON.parse(done.stdout) as Cruise;
}

function loadRules(): { forbidden: { name: string }[] } {
  const done = spawnSync(process.execPath, ['-p', `JSON.stringify(require('${root}/.dependency-cruiser.cjs'))`]);
  return JSON.parse(done.stdout.toString()) as { forbidden: { name: string }[] };
}
