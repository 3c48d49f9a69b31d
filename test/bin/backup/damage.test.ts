import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Damage } from '../../../bin/cli/backup/check-segment.ts';
import { type BackupManifest, readManifest } from '../../../bin/cli/backup/manifest.ts';
import { describeVerified } from '../../../bin/cli/backup/report.ts';
import { verifyBackup } from '../../../bin/cli/backup/verify.ts';
import { type RecordedEvent, START } from '../../../events/event-store.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolders } from '../../support/temporary-folders.ts';
import { openBackedUp } from './world.ts';

const SEED = 20_260_203;
const CHANGES = 400;
const SECOND = 'segments/000002.ndjson';
const folders = temporaryFolders();
let out: string;
let manifest: BackupManifest;
let events: RecordedEvent[];
/** Every file as it was backed up. */
const sound = new Map<string, Buffer>();

beforeAll(async () => {
  const world = await openBackedUp(folders.folder());
  for (let n = 0; n < 60; n++) {
    await world.append(`chat-${n % 11}`, 1 + (n % 5));
    if (n % 20 === 19) ({ manifest } = await world.take());
  }
  events = await world.store.readAll({ after: START, limit: 1e6 });
  await world.store.close();
  ({ out } = world);
  for (const name of ['manifest.json', manifest.accounts.name, ...manifest.segments.map((segment) => segment.name)])
    sound.set(name, readFileSync(join(out, name)));
});
afterAll(folders.remove);

const verify = () => verifyBackup(out, manifest, () => undefined);

/** Checks with one file changed, and puts it back. */
async function checkedWith<T>(name: string, bytes: Buffer | string, check: () => Promise<T>): Promise<T> {
  writeFileSync(join(out, name), bytes);
  try {
    return await check();
  } finally {
    writeFileSync(join(out, name), sound.get(name) ?? '');
  }
}

const lines = (name: string): string[] =>
  (sound.get(name) ?? Buffer.alloc(0)).toString('utf8').split('\n').slice(0, -1);
const text = (of: readonly string[]): string => of.map((line) => `${line}\n`).join('');
/** The event of a line of the second segment, from 1. */
const eventAt = (line: number): RecordedEvent =>
  events[(manifest.segments[0]?.events ?? 0) + line - 1] as RecordedEvent;

test(`one changed byte is found wherever it is, and where (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const names = [...sound.keys()];
  expect(names).toHaveLength(5);
  expect(readdirSync(out).length).toBeGreaterThan(3);
  for (let n = 0; n < CHANGES; n++) {
    const name = random.pick(names);
    const bytes = Buffer.from(sound.get(name) ?? '');
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    const what = `${name} byte ${at}`;
    if (name === 'manifest.json') {
      await expect(
        checkedWith(name, bytes, () => readManifest(out)),
        what,
      ).rejects.toMatchObject({ code: 'corrupt' });
      continue;
    }
    const { damage, accounts } = await checkedWith(name, bytes, verify);
    if (name === manifest.accounts.name) {
      expect(accounts, what).toContain(name);
      continue;
    }
    const line = Buffer.from(sound.get(name) ?? '')
      .subarray(0, at)
      .toString('latin1')
      .split('\n').length;
    const [found] = damage.first;
    expect(found?.segment, what).toBe(name);
    // An end of a line that is none any more makes one line of two, and one where there was none makes two of one.
    expect(damage.count, what).toBeLessThanOrEqual(2);
    expect([line, line + 1], what).toContain(found?.line);
  }
  expect((await verify()).damage.count).toBe(0);
});

describe('what was done to a segment is told with position, stream and revision', () => {
  const place = ({ position, stream, revision }: RecordedEvent) => ({ position, stream, revision });
  const found = async (changed: readonly string[]): Promise<Damage[]> =>
    (await checkedWith(SECOND, text(changed), verify)).damage.first;

  it('an event that was changed', async () => {
    const all = lines(SECOND);
    all[6] = (all[6] ?? '').replace('event', 'Event');
    expect(all[6]).not.toBe(lines(SECOND)[6]);
    expect(await found(all)).toMatchObject([{ kind: 'changed', line: 7, ...place(eventAt(7)) }]);
  });

  it('a hash that was changed', async () => {
    const all = lines(SECOND);
    all[6] = `${'0'.repeat(64)}${all[6]?.slice(64)}`;
    expect(await found(all)).toMatchObject([{ kind: 'hash-changed', line: 7, ...place(eventAt(7)) }]);
    all[6] = lines(SECOND)[6] ?? '';
    const last = all.length - 1;
    all[last] = `${'0'.repeat(64)}${all[last]?.slice(64)}`;
    expect(await found(all)).toMatchObject([{ kind: 'hash-changed', line: last + 1 }]);
  });

  it('an event that is missing: by what follows it, and by its stream', async () => {
    const gone = eventAt(7);
    const { damage, gaps } = await checkedWith(SECOND, text(lines(SECOND).toSpliced(6, 1)), verify);
    expect(damage.first).toMatchObject([{ kind: 'missing', after: eventAt(6).position, ...place(eventAt(8)) }]);
    expect(gaps.first).toMatchObject([
      { stream: gone.stream, fromRevision: gone.revision, throughRevision: gone.revision },
    ]);
  });

  it('the last events that are missing', async () => {
    const all = lines(SECOND);
    const after = eventAt(all.length - 2).position;
    expect(await found(all.slice(0, -2))).toMatchObject([{ kind: 'missing', position: null, after }]);
    expect(await found([])).toMatchObject([{ kind: 'missing', line: 1, after: null }]);
  });

  it('events that were added', async () => {
    const all = lines(SECOND);
    const alien = `${'a'.repeat(64)} ${JSON.stringify([5, 'chat-x', 0, 'id', 'T', 1, '{}', '{}'])}`;
    const added = { kind: 'added', position: 5, stream: 'chat-x', revision: 0 };
    expect(await found(all.toSpliced(6, 0, alien, alien))).toMatchObject([
      { ...added, line: 7 },
      { ...added, line: 8 },
    ]);
    expect(await found([...all, alien])).toMatchObject([{ ...added, line: all.length + 1 }]);
    expect(await found([alien, ...all])).toMatchObject([{ ...added, line: 1 }]);
    expect(await found(all.toSpliced(6, 0, all[5] ?? ''))).toMatchObject([{ kind: 'added', ...place(eventAt(6)) }]);
  });

  it('events that changed places', async () => {
    const all = lines(SECOND);
    const [a, b] = [all[6] ?? '', all[7] ?? ''];
    expect(await found(all.toSpliced(6, 2, b, a))).toMatchObject([{ kind: 'moved', line: 7, ...place(eventAt(8)) }]);
    const later = all.toSpliced(6, 1).toSpliced(12, 0, a);
    expect(await found(later)).toMatchObject([{ kind: 'moved', line: 13, ...place(eventAt(7)) }]);
    const earlier = all.toSpliced(12, 1).toSpliced(3, 0, all[12] ?? '');
    expect(await found(earlier)).toMatchObject([{ kind: 'moved', line: 4, ...place(eventAt(13)) }]);
  });

  it('several things at once: none goes unseen, and nothing sound is called damaged', async () => {
    const all = lines(SECOND);
    all[3] = `${'0'.repeat(64)}${all[3]?.slice(64)}`;
    all[20] = (all[20] ?? '').slice(0, 70);
    const places = await found(all.toSpliced(10, 1));
    expect(places).toMatchObject([
      { kind: 'hash-changed', line: 4 },
      { kind: 'changed-or-missing', line: 11 },
      { kind: 'changed-or-missing', line: 20, position: null },
    ]);
  });

  it('a manifest that says the same in other bytes', async () => {
    const text = (sound.get('manifest.json') ?? '').toString();
    const more = text.replace('"run"', '"note": 1,\n  "run"');
    for (const other of [text.trimEnd(), `${text}\n`, text.replaceAll('\n', '\r\n'), more])
      await expect(checkedWith('manifest.json', other, () => readManifest(out))).rejects.toMatchObject({
        code: 'corrupt',
      });
  });

  it('a file that is gone', async () => {
    const check = await checkedWith(SECOND, '', () => {
      rmSync(join(out, SECOND));
      return verify();
    });
    expect(check.damage.first).toMatchObject([{ kind: 'no-file', segment: SECOND }]);
    expect(check.gaps.count).toBeGreaterThan(0);
    expect(describeVerified(manifest, check)).toMatch(/^damaged at 1 place:\n {2}segments\/000002.ndjson is missing\n/);
  });
});
