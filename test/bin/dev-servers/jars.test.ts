import { existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { ensureJars, type FetchJars, isWhole, type JarSet } from '../../../bin/dev-servers/jars.ts';
import { testFolder } from '../../support/folder.ts';

const SET: JarSet = { name: 'thing', version: '1.2', artifacts: ['org.example:thing:1.2', 'org.example:extra:3'] };
const JARS = ['thing-1.2.jar', 'extra-3.jar', 'needed-by-both-4.jar'];
const say = (): void => undefined;

/** A Maven that always works, and counts how often it was asked. */
function maven(names: readonly string[] = JARS) {
  return vi.fn<FetchJars>(async (_, folder) => {
    for (const name of names) writeFileSync(join(folder, name), `the bytes of ${name}`);
  });
}

it('fetches once, and finds what it fetched', async () => {
  const cache = join(testFolder(), 'made', 'when needed');
  const fetch = maven();
  const folder = await ensureJars(SET, { cache, say, fetch });
  expect(await ensureJars(SET, { cache, say, fetch })).toBe(folder);
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(JARS));
  expect(readdirSync(cache)).toEqual(['thing-1.2']);
});

it.each<[string, (folder: string) => void]>([
  ['a jar is missing', (folder) => rmSync(join(folder, 'needed-by-both-4.jar'))],
  ['a jar is cut short', (folder) => truncateSync(join(folder, 'extra-3.jar'), 3)],
  ['the manifest is missing', (folder) => rmSync(join(folder, 'manifest.json'))],
  ['the manifest is half written', (folder) => writeFileSync(join(folder, 'manifest.json'), '{"artifacts": [')],
])('fetches anew where %s', async (_, harm) => {
  const cache = testFolder();
  const folder = await ensureJars(SET, { cache, say, fetch: maven() });
  expect(isWhole(SET, folder)).toBe(true);
  harm(folder);
  expect(isWhole(SET, folder)).toBe(false);
  const fetch = maven();
  await ensureJars(SET, { cache, say, fetch });
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(isWhole(SET, folder)).toBe(true);
});

it('fetches anew what was fetched for another list of artifacts', async () => {
  const cache = testFolder();
  const folder = await ensureJars(SET, { cache, say, fetch: maven() });
  expect(isWhole({ ...SET, artifacts: SET.artifacts.slice(0, 1) }, folder)).toBe(false);
});

it('puts nothing in place where a jar that was asked for did not come', async () => {
  const cache = testFolder();
  const fetch = maven(['thing-1.2.jar']);
  await expect(ensureJars(SET, { cache, say, fetch })).rejects.toMatchObject({ code: 'jars-missing' });
  expect(readdirSync(cache)).toEqual([]);
});

it('lets two fetch at once', async () => {
  const cache = testFolder();
  const fetch = maven();
  const [one, other] = await Promise.all([1, 2].map(() => ensureJars(SET, { cache, say, fetch })));
  expect(one).toBe(other);
  expect(isWhole(SET, one ?? '')).toBe(true);
  expect(readdirSync(cache)).toEqual(['thing-1.2']);
});

it('says what to install where there is no Maven, and leaves nothing behind', async () => {
  const cache = testFolder();
  vi.stubEnv('PATH', join(cache, 'nowhere'));
  try {
    await expect(ensureJars(SET, { cache, say })).rejects.toMatchObject({
      code: 'maven-missing',
      message: expect.stringContaining('apt-get install maven'),
    });
  } finally {
    vi.unstubAllEnvs();
  }
  expect(existsSync(join(cache, 'thing-1.2'))).toBe(false);
  expect(readdirSync(cache)).toEqual([]);
});
