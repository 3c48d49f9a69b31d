import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatOf } from '../../../events/streams.ts';
import { connectCassandra } from '../../../infra/cassandra/connect.ts';
import { migrate as migrateCassandra } from '../../../infra/cassandra/migrations/migrate.ts';
import type { ComparedSoFar } from '../../../projections/generations/ports.ts';
import { connectOptions } from '../../infra/cassandra/keyspace.ts';
import { createDatabase } from '../../infra/postgres/database.ts';
import { type FilledViews, filledViews } from '../../support/filled-views.ts';
import { CALLED, type Planted, plantHistory, plantViews } from '../../support/plant-cluster.ts';
import { randomLog } from '../../support/random-log.ts';
import { seeded } from '../../support/seeded.ts';
import { freshKeyspace } from '../../support/servers.ts';

const SEED = 61;
const EVENTS = 1_500;
const EACH = 60;
const INTERRUPTIONS = 4;
const LONG_MS = 240_000;
const { events } = randomLog({ seed: SEED, events: EVENTS });
const kept = events.length - 200;

let views: FilledViews;
const endings: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const [database, { keyspace, drop }] = await Promise.all([createDatabase(), freshKeyspace()]);
  const cassandra = await connectCassandra(connectOptions(keyspace));
  await migrateCassandra(cassandra, { owner: 'tests' });
  views = await filledViews(events.slice(0, kept), { url: database.url, cassandra });
  endings.push(views.close, () => cassandra.close(), database.drop, drop);
}, LONG_MS);

afterAll(async () => {
  for (const end of endings) await end();
}, LONG_MS);

/** What a difference names, without what is wrong with it. */
const placeOf = ({ what }: { what: string }): string =>
  what.replace(/: (different: [\w, ]+|missing|not in the log)$/, '');

test(
  `every row that was changed, removed or invented is found, and none besides (seed ${SEED})`,
  async () => {
    const clean = await views.verify();
    expect(clean.differences).toEqual([]);
    expect(clean.rows).toBeGreaterThan(kept);
    const random = seeded(SEED);
    const planted: Planted = new Map([
      ...(await plantHistory(views.cassandra, { each: EACH, random })),
      ...(await plantViews(views.postgres, { each: EACH, random })),
    ]);
    const found = await views.verify();
    expect(found.differencesFound).toBe(planted.size);
    expect(found.differences.map(placeOf).toSorted()).toEqual([...planted.keys()].toSorted());
    for (const difference of found.differences) {
      const harm = planted.get(placeOf(difference));
      expect(difference.what).toMatch(harm ? CALLED[harm] : 'planted');
    }
    const places: ComparedSoFar[] = [];
    await views.verify({ told: (compared) => places.push(structuredClone(compared)) });
    expect(new Set(places.map(({ kind }) => kind))).toEqual(new Set(['histories', 'chats', 'users']));
    const interrupted = Array.from({ length: INTERRUPTIONS }, () => random.pick(places));
    for (const before of interrupted) {
      const ends = await views.verify({ before });
      expect(ends.rows, JSON.stringify(before.through)).toBe(found.rows);
      expect(ends.differences).toEqual(found.differences);
    }
    const [first] = places;
    if (!first) throw new Error('nothing was told');
    const ofOthers: ComparedSoFar = { ...first, rows: 1_000_000, generations: { 'chat-history': 7 } };
    expect((await views.verify({ before: ofOthers })).rows).toBe(found.rows);
    const half = await views.verify({ sample: 0.5 });
    expect(half.sample).toBe(0.5);
    expect(half.rows).toBeLessThan(found.rows);
  },
  LONG_MS,
);

test(
  'a chat is repaired where it is, whatever was done to it, and goes on from there',
  async () => {
    const { differences } = await views.verify({ views: ['chat-history', 'user-chats', 'members'] });
    const chats = new Set(differences.map(({ chatId }) => chatId));
    expect(chats.size).toBeGreaterThan(3);
    for (const chatId of chats) await views.repair(chatId);
    const repaired = await views.verify({ views: ['chat-history', 'user-chats', 'members'] });
    expect(repaired.differences).toEqual([]);
    const before = repaired.rows;
    await views.feed(events.slice(kept));
    expect(events.slice(kept).some(({ stream }) => chats.has(chatOf(stream) ?? ''))).toBe(true);
    const after = await views.verify({ views: ['chat-history', 'user-chats', 'members'] });
    expect(after.differences).toEqual([]);
    expect(after.rows).toBeGreaterThan(before);
  },
  LONG_MS,
);
