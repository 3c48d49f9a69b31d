import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/server-process.ts';
import { writeBigLog } from './big-log.ts';
import type { Verdict } from './pairs.ts';
import { benchRebuild } from './rebuild.ts';
import { benchRebuildLive } from './rebuild-live.ts';

const EVENTS = 300_000;
const CHATS = 300;
const USERS_PER_CHAT = 20;
const SEED = 7;
const PAIRS = 5;
const GOAL = 0.25;

/** All views built anew from the log, against reading the log and doing nothing with it. */
export async function benchRebuildVerdict(): Promise<Verdict[]> {
  const folder = temporaryFolder();
  try {
    const file = join(folder, 'events.db');
    await writeBigLog({ file, events: EVENTS, chats: CHATS, usersPerChat: USERS_PER_CHAT, seed: SEED });
    const { ratio, ...details } = await benchRebuild({ file, pairs: PAIRS, folder });
    const target = { is: 'at least', value: GOAL } as const;
    const what = 'events per second of a rebuild of all views ÷ a raw scan of the log';
    const speed: Verdict = { bench: 'rebuild', what, ratio, target, details: { ...details, seed: SEED } };
    return [speed, await benchRebuildLive()];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
