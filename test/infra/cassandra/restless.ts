import { setTimeout as pause } from 'node:timers/promises';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import type { Seeded } from '../../support/seeded.ts';

const LATE = 0.2;
const LATE_MAX_MS = 15;
const TWICE = 0.1;

/** Writes that arrive in any order, some of them twice: as they do when requests are repeated on other connections. */
export const restless = (cassandra: Cassandra, random: Seeded): Cassandra => ({
  ...cassandra,
  async write(rows) {
    if (random.chance(LATE)) await pause(random.below(LATE_MAX_MS));
    await cassandra.write(rows);
    if (random.chance(TWICE)) await cassandra.write(rows);
  },
});
