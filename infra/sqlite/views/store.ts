import type { ViewState, ViewsStore } from '../../../projections/runner/ports.ts';
import type { Database } from '../database.ts';
import { clearChat } from './chat-rows.ts';
import { generationRows, sweepOne } from './generations.ts';
import { forgetGradings, openGrading } from './grading.ts';
import { jobRows } from './job-rows.ts';
import { rowStore } from './rows.ts';
import { createNextIndex, TABLES } from './schema.ts';

const BULK_CHECKPOINT_PAGES = 40_000;
const CHECKPOINT_PAGES = 2_000;

/** The views in SQLite, as their runner writes them. */
export function viewsStore(db: Database): ViewsStore {
  const state = db.prepare<{ position: number; paused: number }>(
    'SELECT position, paused FROM checkpoints WHERE view = ? AND generation = ?',
  );
  const pause = db.prepare(
    `UPDATE checkpoints SET paused = ?1 WHERE view = ?2
      AND generation IN (SELECT live FROM generations WHERE view = ?2 UNION SELECT previous FROM generations WHERE view = ?2)`,
  );
  const rows = generationRows(db, TABLES);
  const jobs = jobRows(db);
  return {
    ...rowStore(db),
    generations: rows.of,
    begin: rows.begin,
    promote: rows.promote,
    abandon: rows.abandon,
    swap: rows.swap,
    drop: rows.drop,
    state(view, generation): ViewState | null {
      const row = state.get(view, generation);
      return row ? { position: row.position, paused: row.paused === 1 } : null;
    },
    setPaused: (view, paused) => void pause.run(paused ? 1 : 0, view),
    sweep: () => sweepOne(db, TABLES),
    index: (view, generation) => createNextIndex(db, view, generation),
    clearChat: (view, generation, chatId) => clearChat(db, TABLES[view], { generation, chatId }),
    jobs: jobs.list,
    saveJob: jobs.save,
    bulk(on) {
      db.exec(`PRAGMA wal_autocheckpoint = ${on ? BULK_CHECKPOINT_PAGES : CHECKPOINT_PAGES}`);
      if (!on) db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    },
    grading: (name) => openGrading(db.file, name),
    forgetGradings: (except) => forgetGradings(db.file, except),
    close: () => db.close(),
  };
}
