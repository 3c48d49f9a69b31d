import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { findJava, javaVersion } from '../../../bin/dev-servers/java.ts';
import { testFolder } from '../../support/folder.ts';

afterEach(() => void vi.unstubAllEnvs());

/** A Java home whose `java` only says its version. */
function javaHome(version: string): string {
  const home = testFolder();
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, 'bin', 'java'), `#!/bin/sh\necho 'openjdk version "${version}" 2024-01-01' >&2\n`);
  chmodSync(join(home, 'bin', 'java'), 0o755);
  return home;
}

it.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "21" 2023-09-19', 21],
  ['java version "1.8.0_402"', 8],
  ['Welcome', 0],
])('reads %s', (said, version) => {
  expect(javaVersion(said)).toBe(version);
});

it('takes the one of JAVA_HOME before the one of the PATH', async () => {
  const home = javaHome('17.0.1');
  vi.stubEnv('JAVA_HOME', home);
  expect(await findJava()).toBe(join(home, 'bin', 'java'));
});

it('refuses an older one', async () => {
  vi.stubEnv('JAVA_HOME', javaHome('11.0.20'));
  await expect(findJava()).rejects.toMatchObject({ code: 'java-too-old' });
});

it('says what to install where there is none', async () => {
  vi.stubEnv('JAVA_HOME', '');
  vi.stubEnv('PATH', join(testFolder(), 'nowhere'));
  await expect(findJava()).rejects.toMatchObject({
    code: 'java-missing',
    message: expect.stringContaining('openjdk-17-jre-headless'),
  });
});
