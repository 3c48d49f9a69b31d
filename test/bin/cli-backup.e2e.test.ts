import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  files: { name: string; sizeBytes: number; sha256: string }[];
}

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
  it('holds the log, the accounts and the keys, for its owner only', () => {
    expect(manifest.files.map(({ name }) => name)).toEqual(['events.db', 'accounts.db', 'keys/access-token.pem']);
    expect(JSON.parse(readFileSync(join(backup, 'manifest.json'), 'utf8'))).toEqual(manifest);
    for (const { name, sizeBytes } of manifest.files) {
      const { size, mode } = statSync(join(backup, name));
      expect([size, mode & 0o077]).toEqual([sizeBytes, 0]);
    }
  });

  it('is not written over anything', async () => {
    const refused = await hindsight(['backup', '--out', backup, '--json'], { data });
    expect([refused.code, codeOf(refused)]).toEqual([1, 'not-empty']);
    expect(JSON.parse(readFileSync(join(backup, 'manifest.json'), 'utf8'))).toEqual(manifest);
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
      expect(events).toBeGreaterThanOrEqual(atLeast);
      expect(events).toBeLessThanOrEqual(written);
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
  it('brings back every event under a new epoch, the accounts and the keys', async () => {
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
    expect(readFileSync(join(folder, 'keys', 'access-token.pem'))).toEqual(
      readFileSync(join(data, 'keys', 'access-token.pem')),
    );
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

  it.each(['events.db', 'accounts.db', 'keys/access-token.pem', 'manifest.json'])(
    'finds one changed byte in %s',
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
    },
  );

  it('finds a missing file, and a backup that was not finished', async () => {
    const copy = temporaryFolder();
    cpSync(backup, copy, { recursive: true });
    rmSync(join(copy, 'accounts.db'));
    expect(codeOf(await hindsight(['restore', '--from', copy, '--json'], { data: temporaryFolder() }))).toBe('corrupt');
    rmSync(join(copy, 'manifest.json'));
    expect(codeOf(await hindsight(['restore', '--from', copy, '--json'], { data: temporaryFolder() }))).toBe(
      'not-found',
    );
  });

  it('leaves nothing behind when killed that a second one stumbles over', async () => {
    const folder = temporaryFolder();
    // What a killed one can have left: everything but the log itself.
    copyFileSync(join(backup, 'accounts.db'), join(folder, 'accounts.db'));
    writeFileSync(join(folder, 'accounts.db-wal'), 'of another file');
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
