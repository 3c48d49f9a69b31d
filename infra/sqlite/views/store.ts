import {
  type PinnedViews,
  parkingGroup,
  type ViewName,
  type ViewState,
  type ViewsStore,
} from '../../../projections/runner/ports.ts';
import type { Database } from '../database.ts';
import { pinViews } from './pinned.ts';
import { rowStore } from './rows.ts';
import { TABLES } from './schema.ts';
import { createIndexes, createTables, dropTables, tableName } from './tables.ts';

const BULK_CHECKPOINT_PAGES = 40_000;
const CHECKPOINT_PAGES = 2_000;

/** The views in SQLite, as their runner writes them. */
export function viewsStore(db: Database): ViewsStore {
  const state = db.prepare<{ position: number; paused: number }>(
    'SELECT position, paused FROM checkpoints WHERE view = ? AND generation = ?',
  );
  const pause = db.prepare("UPDATE checkpoints SET paused = ? WHERE view = ? AND generation = 'live'");
  const begin = db.prepare("REPLACE INTO checkpoints VALUES (?, 'next', 0, 0)");
  const end = db.prepare("DELETE FROM checkpoints WHERE view = ? AND generation = 'next'");
  const forget = db.prepare('DELETE FROM parked WHERE grp = ?');

  const dropNext = (views: readonly ViewName[]) => {
    for (const view of views) {
      dropTables(db, TABLES[view], 'next');
      end.run(view);
      forget.run(parkingGroup(view, 'next'));
    }
  };

  return {
    ...rowStore(db),
    state(view, generation): ViewState | null {
      const row = state.get(view, generation);
      return row ? { position: row.position, paused: row.paused === 1 } : null;
    },
    setPaused: (view, paused) => void pause.run(paused ? 1 : 0, view),
    createNext(views) {
      db.transaction(() => {
        dropNext(views);
        for (const view of views) {
          createTables(db, TABLES[view], 'next');
          begin.run(view);
        }
      });
    },
    indexNext: (view) => db.transaction(() => createIndexes(db, TABLES[view], { generation: 'next', early: false })),
    promote(views) {
      db.transaction(() => {
        for (const view of views) promoteView(db, view);
      });
    },
    dropNext: (views) => db.transaction(() => dropNext(views)),
    bulk(on) {
      db.exec(`PRAGMA wal_autocheckpoint = ${on ? BULK_CHECKPOINT_PAGES : CHECKPOINT_PAGES}`);
      if (!on) db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    },
    pin: (): Promise<PinnedViews> => pinViews(db.file),
    close: () => db.close(),
  };
}

/** Readers go on with the same names, and in the middle of a read with what they began with. */
function promoteView(db: Database, view: ViewName): void {
  dropTables(db, TABLES[view], 'live');
  for (const { name } of TABLES[view]) db.exec(`ALTER TABLE ${tableName(name, 'next')} RENAME TO ${name}`);
  db.prepare(
    `UPDATE checkpoints SET position = (SELECT position FROM checkpoints WHERE view = ?1 AND generation = 'next')
      WHERE view = ?1 AND generation = 'live'`,
  ).run(view);
  db.prepare("DELETE FROM checkpoints WHERE view = ? AND generation = 'next'").run(view);
  db.prepare('DELETE FROM parked WHERE grp = ?').run(view);
  db.prepare('UPDATE parked SET grp = ? WHERE grp = ?').run(view, parkingGroup(view, 'next'));
}
