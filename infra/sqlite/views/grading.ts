import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type Generation,
  type Grading,
  type Pinned,
  parkingGroup,
  type ViewName,
} from '../../../projections/runner/ports.ts';
import { type Database, openDatabase } from '../database.ts';
import { isCorrupt } from '../errors.ts';
import { compareTables } from './compare.ts';
import { generationRows } from './generations.ts';
import type { Interned } from './interning.ts';
import { sqliteParking } from './parking.ts';
import { rowStore } from './rows.ts';
import { createSchema, TABLES } from './schema.ts';
import type { Sides } from './slices.ts';
import { FIRST_GENERATION, tableName } from './tables.ts';

/** Beside the views and not where temporary files lie: that may be memory. */
const fileOf = (views: string, name: string): string => join(dirname(views), `${prefixOf(views)}${name}.db`);
const prefixOf = (views: string): string => `${basename(views)}.grading-`;

/** A fold of the log beside the views. One that was begun under the same name is gone on with. */
export async function openGrading(views: string, name: string): Promise<Grading> {
  const file = fileOf(views, name);
  const scratch = await openScratch(file);
  const live = await openDatabase({ file: views, synchronous: 'normal', readOnly: true }).catch((error) => {
    scratch.close();
    throw error;
  });
  const position = scratch.prepare<{ position: number }>('SELECT position FROM checkpoints WHERE view = ?');
  return {
    store: rowStore(scratch),
    generation: FIRST_GENERATION,
    position: (view) => position.get(view)?.position ?? 0,
    learnKeys: () => copyKeys(live, scratch),
    pin: () => pin(views, file),
    async close({ keep }) {
      live.close();
      scratch.close();
      if (!keep) await remove(file);
    },
  };
}

export async function forgetGradings(views: string, except: readonly string[]): Promise<void> {
  const kept = new Set(except.map((name) => `${prefixOf(views)}${name}.db`));
  for (const name of readdirSync(dirname(views))) {
    if (name.startsWith(prefixOf(views)) && name.endsWith('.db') && !kept.has(name)) {
      await remove(join(dirname(views), name));
    }
  }
}

async function remove(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true });
}

async function openScratch(file: string): Promise<Database> {
  try {
    const found = await openDatabase({ file, synchronous: 'normal' });
    if (found.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() === undefined) {
      createSchema(found, '', { indexes: false });
    }
    return found;
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    await remove(file);
    return openScratch(file);
  }
}

/** A connection whose one read transaction stays open. What is written to the fold until it is first compared with is seen. */
async function pin(views: string, scratch: string): Promise<Pinned> {
  const live = await openDatabase({ file: views, synchronous: 'normal', readOnly: true });
  live.prepare('ATTACH ? AS truth').run(scratch);
  live.exec('BEGIN');
  const position = live.prepare<{ position: number }>(
    'SELECT position FROM checkpoints WHERE view = ? AND generation = ?',
  );
  const generations = generationRows(live, TABLES);
  const parking = sqliteParking(live);
  // The snapshot begins with the first read.
  position.get('', 0);
  return {
    position: (view, generation) => position.get(view, generation)?.position ?? 0,
    rows: (view, generation) => countRows(live, view, generation),
    parked(view, generation) {
      const group = parkingGroup(view, generation, generations.of(view));
      return parking.list().filter((event) => event.group === group);
    },
    compare: (view, generation, picked) => compareTables(sidesOf(live, generation), TABLES[view], picked),
    close: () => live.close(),
  };
}

const sidesOf = (db: Database, generation: Generation): Sides => ({
  db,
  live: { schema: 'main', generation },
  truth: { schema: 'truth', generation: FIRST_GENERATION },
});

function countRows(db: Database, view: ViewName, generation: number): number {
  let rows = 0;
  for (const { name } of TABLES[view]) {
    rows +=
      db.prepare<{ rows: number }>(`SELECT count(*) AS rows FROM ${tableName(name, generation)}`).get()?.rows ?? 0;
  }
  return rows;
}

/** The same ids get the same keys, so that rows can be compared as they are. Keys are never taken back. */
function copyKeys(from: Database, to: Database): void {
  to.transaction(() => {
    for (const table of ['chats', 'users'] satisfies Interned[]) {
      const last = to.prepare<{ key: number | null }>(`SELECT max(key) AS key FROM ${table}`).get()?.key ?? 0;
      const insert = to.prepare(`INSERT OR IGNORE INTO ${table} VALUES (?, ?)`);
      const rows = from.prepare<[number, string]>(`SELECT key, id FROM ${table} WHERE key > ?`, { arrays: true });
      for (const [key, id] of rows.iterate(last)) insert.run(key, id);
    }
  });
}
