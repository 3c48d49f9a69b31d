import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PinnedViews, ViewName } from '../../../projections/runner/ports.ts';
import { type Database, openDatabase } from '../database.ts';
import { compareTables } from './compare.ts';
import { sqliteParking } from './parking.ts';
import { rowStore } from './rows.ts';
import { createSchema, TABLES } from './schema.ts';

/** The live views through a connection whose one read transaction stays open, and an empty database beside them. */
export async function pinViews(file: string): Promise<PinnedViews> {
  const folder = await mkdtemp(join(tmpdir(), 'hindsight-verify-'));
  const live = await openDatabase({ file, synchronous: 'normal', readOnly: true });
  try {
    live.exec('BEGIN');
    const scratch = await openDatabase({ file: join(folder, 'scratch.db'), synchronous: 'off' });
    createSchema(scratch, '');
    copyKeys(live, scratch);
    return pinned(live, scratch, folder);
  } catch (error) {
    live.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function pinned(live: Database, scratch: Database, folder: string): PinnedViews {
  const position = live.prepare<{ position: number }>(
    "SELECT position FROM checkpoints WHERE view = ? AND generation = 'live'",
  );
  return {
    position: (view) => position.get(view)?.position ?? 0,
    rows: (view) => countRows(live, view),
    parked: () => sqliteParking(live).list(),
    scratch: rowStore(scratch),
    compare: (view) => compareTables(live, scratch, TABLES[view]),
    async close() {
      live.close();
      scratch.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function countRows(db: Database, view: ViewName): number {
  let rows = 0;
  for (const { name } of TABLES[view]) {
    rows += db.prepare<{ rows: number }>(`SELECT count(*) AS rows FROM ${name}`).get()?.rows ?? 0;
  }
  return rows;
}

/** The same ids get the same keys, so that rows can be compared as they are. */
function copyKeys(from: Database, to: Database): void {
  to.transaction(() => {
    for (const table of ['chats', 'users']) {
      const insert = to.prepare(`INSERT INTO ${table} VALUES (?, ?)`);
      const rows = from.prepare<[number, string]>(`SELECT key, id FROM ${table}`, { arrays: true });
      for (const [key, id] of rows.iterate()) insert.run(key, id);
    }
  });
}
