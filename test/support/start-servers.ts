import { readFileSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import type { Servers } from './servers.ts';

/** Vitest's global set-up of the project `servers`. */
export default async function setup(project: TestProject): Promise<void> {
  const file = process.env['HINDSIGHT_TEST_SERVERS'];
  if (file === undefined) throw new Error('HINDSIGHT_TEST_SERVERS names no file of running servers');
  project.provide('servers', JSON.parse(readFileSync(file, 'utf8')) as Servers);
}
