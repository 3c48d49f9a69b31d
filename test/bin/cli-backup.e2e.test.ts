import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLog } from '../../bin/embedded/open-log.ts';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import type { ChatEvent } from '../../events/chat.ts';
import { hindsight, hindsightJson, linesOf } from '../support/cli.ts';
import { decided } from '../support/decided.ts';
import { temporaryFolder } from '../support/server-process.ts';

interface Manifest {
  epoch: string;
  position: string;
  events: number;
  run: number;
  added: number;
  chain: string;
  segments: { name: string; sizeBytes: number }[];
  accounts: { name: string; sizeBytes: number };
}

const filesOf = ({ segments, accounts }: Manifest): { name: string; sizeBytes: number }[] => [...segments, accounts];

const data = temporaryFolder();
const backup = join(temporaryFolder(), 'backup');
let manifest: Manifest;
let before: ChatEvent[];

const eventsOf = async (folder: string): Promise<ChatEvent[]> =>
  linesOf((await hindsight(['events', '--json'], { data: folder })).stdout).map(
    (line) => JSON.parse(line) as ChatEvent,
  );
const codeOf = ({ stdout }: { stdout: string }): string =>
  (JSON.parse(stdout) as { error: { code: string } }).error.code;

beforeAll(async () => {
  const day = join(temporaryFolder(), '2004-12-25.txt');
  writeFileSync(day, '[09:14] <bob> one\n[09:15] <amy> two\n[09:16] <bob> three\n');
  await hindsight(['user', 'create', 'ada', '--password-stdin'], { data, stdin: 'correct horse battery' });
  await hindsightJson(['import', 'irc', '--chat', '#test', '--member', 'ada', day], { data });
  before = await eventsOf(data);
  manifest = await hindsightJson<Manifest>(['backup', '--out', backup], { data });
});

describe('a backup', () => {
  it('holds the log and the accounts, for its owner only, and no key', () => {
    expect(filesOf(manifest).map(({ name }) => name)).toEqual(['segments/000001.ndjson', 'accounts-1.ndjson']);
    const { added, ...written } = manifest;
    expect(added).toBe(manifest.events);
    expect(JSON.parse(readFileSync(join(backup, 'manifest.json'), 'utf8'))).toEqual(written);
    for (const { name, sizeBytes } of filesOf(manifest)) {
      const { size, mode } = statSync(join(backup, name));
      expect([size, mode & 0o077]).toEqual([sizeBytes, 0]);
    }
    const all = readdirSync(backup, { recursive: true, encoding: 'utf8' });
    expect(all.filter((name) => /pem|key/.test(name))).toEqual([]);
  });

  it('has a chain that another program follows: each hash is that of the line with the one before in its place', () => {
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    const lines = linesOf(readFileSync(join(backup, 'segments/000001.ndjson'), 'utf8'));
    expect(lines).toHaveLength(manifest.events);
    let link = sha256(manifest.epoch);
    for (const line of lines) {
      const hash = sha256(link + line.slice(64));
      expect(line.slice(0, 64)).toBe(hash);
      link = hash;
    }
    expect(manifest.chain).toBe(link);
  });

  it('is gone on with in its folder, and not written over anything else', async () => {
    const copy = temporaryFolder();
    cpSync(backup, copy, { recursive: true });
    expect(await hindsightJson(['backup', '--out', copy], { data })).toMatchObject({
      run: 2,
      added: 2, // how the first ended, and that the second was asked for
    });
    const other = temporaryFolder();
    await hindsight(['user', 'create', 'ada', '--password-stdin'], { data: other, stdin: 'correct horse battery' });
    const refused = await hindsight(['backup', '--out', copy, '--json'], { data: other });
    expect([refused.code, codeOf(refused)]).toEqual([1, 'epoch-changed']);
    writeFileSync(join(other, 'mine.txt'), 'x');
    const foreign = await hindsight(['backup', '--out', other, '--json'], { data });
    expect([foreign.code, codeOf(foreign)]).toEqual([1, 'not-empty']);
  });

  it('taken while the log is written holds all that was there when it began, and is sound', {
    timeout: 120_000,
  }, async () => {
    const folder = temporaryFolder();
    const log = await openLog({ file: join(folder, 'events.db') });
    let writing = true;
    let written = 0;
    const write = async (): Promise<void> => {
      while (writing) {
        await log.commands.recordOps({
          actor: 'operator',
          area: 'backup',
          type: 'OperatorActed',
          data: { action: 'x', target: 'y', outcome: 'done' },
        });
        written++;
      }
    };
    const writer = write();
    const taken: { atLeast: number; to: string }[] = [];
    for (let round = 0; round < 3; round++) {
      const to = join(temporaryFolder(), 'backup');
      taken.push({ atLeast: written, to });
      await hindsightJson(['backup', '--out', to], { data: folder });
    }
    writing = false;
    await writer;
    await log.close();
    for (const { atLeast, to } of taken) {
      const restored = temporaryFolder();
      const { events } = await hindsightJson<{ events: number }>(['restore', '--from', to], { data: restored });
      expect(await hindsightJson(['backup', 'verify', to, '--against-log'], { data: folder })).toMatchObject({
        sound: true,
        comparison: { sameEpoch: true, same: events, differences: { count: 0 } },
      });
      expect(events).toBeGreaterThanOrEqual(atLeast);
      expect(events).toBeLessThanOrEqual(written + 2 * taken.length); // each backup is recorded, before and after
      const { checks } = await hindsightJson<{ checks: { name: string; state: string }[] }>(
        ['doctor', '--port', '0', '--gateway-port', '0'],
        { data: restored },
      );
      expect(checks.filter(({ name }) => name === 'log' || name === 'events').map(({ state }) => state)).toEqual([
        'fine',
        'fine',
      ]);
    }
    expect(written).toBeGreaterThan(taken[0]?.atLeast ?? 0);
  });
});

describe('a restore', () => {
  it('brings back every event under a new epoch, and the accounts', async () => {
    const folder = temporaryFolder();
    const restored = await hindsightJson<{ epoch: string; from: string; events: number }>(
      ['restore', '--from', backup],
      { data: folder },
    );
    expect(restored).toMatchObject({ from: manifest.epoch, events: manifest.events });
    expect(restored.epoch).not.toBe(manifest.epoch);
    expect(decided(await eventsOf(folder))).toEqual(decided(before));
    const stale = await hindsight(['events', '--after', before[0]?.position ?? '', '--json'], { data: folder });
    expect([stale.code, codeOf(stale)]).toEqual([1, 'epoch-changed']);
    const again = await hindsight(['user', 'create', 'ada', '--password-stdin', '--json'], {
      data: folder,
      stdin: 'correct horse battery',
    });
    expect(codeOf(again)).toBe('username-taken');
    expect(await hindsightJson(['backup', 'verify', backup, '--against-log'], { data: folder })).toMatchObject({
      comparison: { sameEpoch: false, same: manifest.events, differences: { count: 0 } },
    });
    expect(statSync(join(folder, 'accounts.db')).mode & 0o077).toBe(0);
    expect(await hindsightJson(['projections', 'verify', 'all'], { data: folder })).toMatchObject({ differences: [] });
  });

  it('goes no further than a position, or a time', async () => {
    const [at3, at4] = [before[2], before[3]];
    const byPosition = temporaryFolder();
    await hindsightJson(['restore', '--from', backup, '--until', at3?.position ?? ''], { data: byPosition });
    expect(decided(await eventsOf(byPosition))).toEqual(decided(before.slice(0, 3)));
    const byTime = temporaryFolder();
    await hindsightJson(['restore', '--from', backup, '--until', at4?.recordedAt ?? ''], { data: byTime });
    const kept = before.filter(({ recordedAt }) => recordedAt <= (at4?.recordedAt ?? ''));
    expect(decided(await eventsOf(byTime))).toEqual(decided(kept));
    const before2000 = temporaryFolder();
    expect(
      await hindsightJson(['restore', '--from', backup, '--until', '2000-01-01Z'], { data: before2000 }),
    ).toMatchObject({ events: 0 });
  });

  it('takes no position of another log, nor one beyond the end', async () => {
    const [epoch] = manifest.position.split('-');
    for (const [until, code] of [
      ['another1-3', 'epoch-changed'],
      [`${epoch}-zzzz`, 'as-of-unknown'],
    ] as const) {
      const refused = await hindsight(['restore', '--from', backup, '--until', until, '--json'], {
        data: temporaryFolder(),
      });
      expect([refused.code, codeOf(refused)]).toEqual([1, code]);
    }
  });

  it('is refused over a log that is there', async () => {
    const refused = await hindsight(['restore', '--from', backup, '--json'], { data });
    expect([refused.code, codeOf(refused)]).toEqual([1, 'not-empty']);
    expect(await eventsOf(data)).toEqual(before);
  });

  it.each(['segments/000001.ndjson', 'accounts-1.ndjson', 'manifest.json'])(
    'finds one changed byte in %s, as `backup verify` does',
    async (name) => {
      const copy = temporaryFolder();
      cpSync(backup, copy, { recursive: true });
      const bytes = readFileSync(join(copy, name));
      const middle = name === 'manifest.json' ? bytes.indexOf('"events"') + 10 : bytes.length >> 1;
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
      writeFileSync(join(copy, name), bytes);
      const folder = temporaryFolder();
      const refused = await hindsight(['restore', '--from', copy, '--json'], { data: folder });
      expect([refused.code, codeOf(refused)]).toEqual([1, 'corrupt']);
      expect(existsSync(join(folder, 'events.db'))).toBe(false);
      const verified = await hindsight(['backup', 'verify', copy]);
      expect(verified.code).toBe(1);
      expect(verified.stdout + verified.stderr).toContain(name);
    },
  );

  it('finds a missing file, and a backup that was not finished', async () => {
    const copy = temporaryFolder();
    cpSync(backup, copy, { recursive: true });
    rmSync(join(copy, 'accounts-1.ndjson'));
    expect(codeOf(await hindsight(['restore', '--from', copy, '--json'], { data: temporaryFolder() }))).toBe('corrupt');
    rmSync(join(copy, 'manifest.json'));
    const unfinished = await hindsight(['restore', '--from', copy, '--json'], { data: temporaryFolder() });
    expect(codeOf(unfinished)).toBe('not-found');
  });

  it('leaves nothing behind when killed that a second one stumbles over', async () => {
    const folder = temporaryFolder();
    // What a killed one can have left: everything but the log itself.
    writeFileSync(join(folder, 'accounts.db'), 'of another restore');
    writeFileSync(join(folder, 'accounts.db-wal'), 'of another file');
    writeFileSync(join(folder, 'accounts.db.restoring'), 'half of them');
    writeFileSync(join(folder, 'events.db.partial'), 'half a log');
    writeFileSync(join(folder, 'events.db-wal'), 'of a log that is gone');
    await hindsightJson(['restore', '--from', backup], { data: folder });
    expect(decided(await eventsOf(folder))).toEqual(decided(before));
  });
});

it('a reader that has seen enough ends the listing without a fault', async () => {
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin', 'hindsight.mjs'), 'events', '--json'], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, HINDSIGHT_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, stderr]).toEqual([0, '']);
});
