import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import { writeBigLog } from '../bench/big-log.ts';
import { hindsight, hindsightJson, linesOf } from '../support/cli.ts';
import { testFolder } from '../support/folder.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

const EVENTS = 20_000;
const CHATS = 40;
const LOOK_MS = 2;
const GIVE_UP_MS = 60_000;

const folders = temporaryFolders();
afterAll(folders.remove);
let data: string;

beforeAll(async () => {
  data = folders.folder();
  await writeBigLog({ file: join(data, 'events.db'), events: EVENTS, chats: CHATS, usersPerChat: 5, seed: 3 });
}, GIVE_UP_MS);

const bytesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));

describe('an export on the command line', () => {
  test(
    'that is killed in the middle goes on, keeps what was finished, and ends with the same bytes',
    async () => {
      const [whole, killed] = [join(testFolder(), 'out'), join(testFolder(), 'out')];
      const verb = (out: string) => ['export', 'events', '--format', 'parquet', '--by', 'chat', '--out', out];
      const manifest = await hindsightJson<{ count: number; files: unknown[] }>(verb(whole), { data });
      expect(manifest.files).toHaveLength(CHATS);
      const finished = await killAfter(5, verb(killed), killed);
      expect(existsSync(join(killed, 'manifest.json'))).toBe(false);
      const kept = Object.fromEntries(finished.map((name) => [name, readFileSync(join(killed, name), 'base64')]));
      expect(await hindsightJson(verb(killed), { data })).toEqual(manifest);
      expect(bytesOf(killed)).toEqual(bytesOf(whole));
      expect(bytesOf(killed)).toMatchObject(kept);
      expect((await hindsight(verb(killed), { data })).code).toBe(1);
    },
    2 * GIVE_UP_MS,
  );

  test('is recorded, verified to the byte, and taken in again as an equal log', {
    timeout: 2 * GIVE_UP_MS,
  }, async () => {
    const [out, other] = [join(testFolder(), 'out'), testFolder()];
    await hindsightJson(['export', 'events', '--format', 'ndjson', '--out', out], { data });
    const { entries } = await hindsightJson<{ entries: { data: unknown }[] }>(['ops', 'log', '--area', 'export'], {
      data,
    });
    expect(entries.at(-1)?.data).toEqual({ content: true, filter: { export: 'events', format: 'ndjson' } });
    expect(await hindsightJson(['export', 'verify', out])).toMatchObject({ ok: true, differences: [] });
    await hindsightJson(['import', 'ndjson', out], { data: other });
    const args = ['export', 'events', '--format', 'ndjson', '--by', 'chat', '--without-positions', '--out'];
    const again = [join(testFolder(), 'out'), join(testFolder(), 'out')] as const;
    const eventsIn = async (folder: string, into: string) => {
      await hindsightJson([...args, into], { data: folder });
      return readdirSync(into)
        .filter((name) => name !== 'manifest.json')
        .flatMap((name) => linesOf(readFileSync(join(into, name), 'utf8')))
        .map((line) => ({ ...(JSON.parse(line) as object), recordedAt: null }));
    };
    expect(await eventsIn(other, again[1])).toEqual(await eventsIn(data, again[0]));
    writeFileSync(join(out, 'events-000001.ndjson'), 'x', { flag: 'a' });
    expect((await hindsight(['export', 'verify', out])).code).toBe(1);
    expect((await hindsight(['import', 'ndjson', out], { data: other })).code).toBe(1);
  });
});

/** Kills the verb once so many files are finished; returns their names. */
async function killAfter(files: number, verb: readonly string[], out: string): Promise<string[]> {
  const args = [join(PACKAGE_ROOT, 'bin', 'hindsight.mjs'), ...verb];
  const child = spawn(process.execPath, args, { env: { ...process.env, HINDSIGHT_DATA: data }, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const sections = join(out, '.export', 'sections.ndjson');
  const count = (): number => (existsSync(sections) ? linesOf(readFileSync(sections, 'utf8')).length : 0);
  for (const deadline = Date.now() + GIVE_UP_MS; count() < files && Date.now() < deadline; ) await pause(LOOK_MS);
  child.kill('SIGKILL');
  await ended;
  return linesOf(readFileSync(sections, 'utf8')).flatMap((line) =>
    (JSON.parse(line) as { files: { name: string }[] }).files.map(({ name }) => name),
  );
}
