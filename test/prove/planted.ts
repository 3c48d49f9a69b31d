import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { VIEWS } from '../../projections/index.ts';
import { writeBigLog } from '../bench/big-log.ts';
import { jobDone } from '../projections/jobs.ts';
import { plant } from '../support/plant.ts';
import { seeded } from '../support/seeded.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { startRunner } from '../support/views.ts';
import { ensure, type Part, scaled } from './part.ts';

const EVENTS = 1_000_000;
const EACH = 1_000;
/** So many that the users are enough to harm. */
const CHATS = 600;
const USERS_PER_CHAT = 20;

export const plantedPart: Part = {
  name: 'planted',
  what: 'rows changed, removed and invented behind the projector’s back in each view: verify reports all of them, and none besides',
  async run({ share, seed, say }) {
    const folder = temporaryFolder();
    const file = join(folder, 'events.db');
    const events = scaled(EVENTS, share);
    await writeBigLog({ file, events, chats: CHATS, usersPerChat: USERS_PER_CHAT, seed });
    const log = await openEventLog({ file });
    const running = await startRunner({ log, folder });
    const facts: Record<string, number> = { events };
    try {
      await running.caughtUp();
      const random = seeded(seed);
      const db = await openDatabase({ file: join(folder, 'views.db'), synchronous: 'normal' });
      const each = scaled(EACH, share);
      const planted = VIEWS.map((view) => ({ view, said: plant(db, view, { each, random }) }));
      db.close();
      for (const { view, said } of planted) {
        const { admin } = running.runner;
        const { result, error } = await jobDone(admin, await admin.verify(view));
        ensure(result !== null, `${view}: ${error}`);
        const found = result.differences.map(({ what }) => what);
        const missed = said.filter((what) => !found.includes(what));
        const besides = found.filter((what) => !said.includes(what));
        ensure(missed.length === 0, `${view}: ${missed.length} not found, such as ${missed[0]}`);
        ensure(besides.length === 0, `${view}: ${besides.length} besides, such as ${besides[0]}`);
        ensure(result.differencesFound === said.length, `${view}: ${result.differencesFound} of ${said.length}`);
        facts[view] = said.length;
        say(`${view}: ${said.length} of ${result.rows} rows, all found`);
      }
      return facts;
    } finally {
      await running.close();
      await log.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
