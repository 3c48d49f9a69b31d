import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { takeBackup } from '../../bin/cli/backup/take.ts';
import { verifyBackup } from '../../bin/cli/backup/verify.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { writeBigLog } from './big-log.ts';
import { pairs, type Verdict } from './pairs.ts';
import { READ_COLUMNS, rawScan } from './rebuild.ts';

const EVENTS = 300_000;
const CHATS = 300;
const USERS_PER_CHAT = 20;
const SEED = 7;
const PAIRS = 5;
/** Half of a backup is the same scan; the rest is a JSON text and a SHA-256 of each event, and writing them. */
const TAKE_GOAL = 0.3;
const VERIFY_GOAL = 0.5;

/** A backup taken, and one verified, against reading the log and doing nothing with it. */
export async function benchBackup(events: number = EVENTS): Promise<Verdict[]> {
  const folder = temporaryFolder();
  try {
    const file = join(folder, 'events.db');
    await writeBigLog({ file, events, chats: CHATS, usersPerChat: USERS_PER_CHAT, seed: SEED });
    const out = join(folder, 'backup');
    const log = await openEventLog({ file });
    const take = async () => {
      rmSync(out, { recursive: true, force: true });
      return takeBackup(out, { log, accounts: async () => [] });
    };
    const { manifest } = await take();
    const scan = () => perSecond(() => rawScan(file, READ_COLUMNS));
    const taken = await pairs(PAIRS, scan, () => perSecond(async () => (await take()).added));
    const verified = await pairs(PAIRS, scan, () => perSecond(() => verify(out, manifest)));
    await log.close();
    const details = { events: manifest.events, seed: SEED };
    return [
      verdict('backup', 'events per second of a backup ÷ a raw scan of the log', {
        ...taken,
        goal: TAKE_GOAL,
        details,
      }),
      verdict('backup-verify', 'events per second of `backup verify` ÷ a raw scan of the log', {
        ...verified,
        goal: VERIFY_GOAL,
        details,
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function verify(out: string, manifest: Parameters<typeof verifyBackup>[1]): Promise<number> {
  const { damage } = await verifyBackup(out, manifest, () => undefined);
  if (damage.count > 0) throw new Error('the backup is damaged');
  return manifest.events;
}

async function perSecond(work: () => Promise<number>): Promise<number> {
  const start = performance.now();
  const events = await work();
  return Math.round(events / ((performance.now() - start) / 1_000));
}

interface Measured extends Awaited<ReturnType<typeof pairs>> {
  goal: number;
  details: object;
}

function verdict(bench: string, what: string, { ratio, ratios, baseline, product, goal, details }: Measured): Verdict {
  const target = { is: 'at least', value: goal } as const;
  return { bench, what, ratio, target, details: { ...details, ratios, scanPerSecond: baseline, perSecond: product } };
}
