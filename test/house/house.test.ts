import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const rooms = ['events', 'commands', 'projections', 'queries', 'gateway', 'infra', 'client', 'test', 'bin'];
const LINES_MAX = 300;

const files = rooms.filter((room) => existsSync(join(root, room))).flatMap((room) => list(room));

test(`no source file has more than ${LINES_MAX} lines`, () => {
  const code = files.filter((file) => /\.(ts|tsx|mjs|cjs)$/.test(file));
  expect(code.length).toBeGreaterThan(0);
  const long = code.filter((file) => read(file).split('\n').length - 1 > LINES_MAX);
  expect(long).toEqual([]);
});

test('no folder is called by a name that says nothing', () => {
  const folders = new Set(files.flatMap((file) => file.split('/').slice(0, -1)));
  const vague = ['src', 'lib', 'utils', 'util', 'helpers', 'shared', 'common', 'ports'].filter((name) =>
    folders.has(name),
  );
  expect(vague).toEqual([]);
});

test('every package is pinned to one version', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  const loose = Object.entries(wanted).filter(([, version]) => !/^(npm:[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
  expect(loose).toEqual([]);
});

test('the lockfile knows every package by its hash and no host but registry.npmjs.org', () => {
  const text = read('package-lock.json');
  const hosts = [...text.matchAll(/"resolved": "([^"]+)"/g)].map(([, url]) => new URL(url ?? '').host);
  expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  const { packages } = JSON.parse(text) as { packages: Record<string, { integrity?: string }> };
  const unhashed = Object.entries(packages).filter(([path, entry]) => path !== '' && !entry.integrity);
  expect(unhashed).toEqual([]);
});

test('the lockfile names the packages of every platform, so that npm ci works on each', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const locked = Object.keys(packages);
  const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  const absent = wanted.filter((name) => !locked.some((path) => path.endsWith(`node_modules/${name}`)));
  expect(absent).toEqual([]);
});

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? list(path) : [path];
  });
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
