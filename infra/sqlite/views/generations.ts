import { type GenerationNumbers, VIEWS, type ViewName } from '../../../projections/runner/ports.ts';
import type { Database } from '../database.ts';
import { createTables, FIRST_GENERATION, type TableSpec, tableName } from './tables.ts';

/**
 * Which generation of a view is read, which is being built, and which a rollback goes back to. Numbers are given once.
 * A row of this table is all that a switch writes, so that it is one moment for whoever reads, in any process.
 */
export const GENERATIONS_TABLE = `
  CREATE TABLE generations (
    view TEXT PRIMARY KEY, live INTEGER NOT NULL, building INTEGER, previous INTEGER, last INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

type Tables = { readonly [V in ViewName]: readonly TableSpec[] };

/** Within a transaction, all that write. */
export interface GenerationRows {
  of(view: ViewName): GenerationNumbers;
  /** Empty tables beside those that are there. */
  begin(view: ViewName): void;
  promote(view: ViewName): void;
  abandon(view: ViewName): void;
  swap(view: ViewName): void;
  drop(view: ViewName): void;
}

export function firstGenerations(db: Database, tables: Tables): void {
  const insert = db.prepare('INSERT INTO generations VALUES (?1, ?2, NULL, NULL, ?2)');
  const checkpoint = db.prepare('INSERT INTO checkpoints VALUES (?, ?, 0, 0)');
  for (const view of VIEWS) {
    createTables(db, tables[view], FIRST_GENERATION);
    insert.run(view, FIRST_GENERATION);
    checkpoint.run(view, FIRST_GENERATION);
  }
}

export function generationRows(db: Database, tables: Tables): GenerationRows {
  const select = db.prepare<GenerationNumbers & { last: number }>(
    'SELECT live, building, previous, last FROM generations WHERE view = ?',
  );
  const update = db.prepare('UPDATE generations SET live = ?, building = ?, previous = ?, last = ? WHERE view = ?');
  const checkpoint = db.prepare('INSERT INTO checkpoints VALUES (?, ?, 0, 0)');
  const carry = db.prepare(
    `UPDATE checkpoints SET paused = (SELECT paused FROM checkpoints WHERE view = ?1 AND generation = ?2)
      WHERE view = ?1 AND generation = ?3`,
  );
  const rename = db.prepare('UPDATE parked SET grp = ? WHERE grp = ?');
  const forget = db.prepare('DELETE FROM parked WHERE grp = ?');
  const beside = (view: ViewName, generation: number): string => `${view}@${generation}`;
  /** What is read goes by the view's name, what is fed beside it by its number. */
  const renameParked = (view: ViewName, { from, to }: { from: number; to: number }): void => {
    rename.run(beside(view, from), view);
    rename.run(view, beside(view, to));
  };
  const row = (view: ViewName) => {
    const found = select.get(view);
    if (!found) throw new Error(`the views hold no ${view}`);
    return found;
  };
  const set = (view: ViewName, { live, building, previous }: GenerationNumbers, last: number): void =>
    void update.run(live, building, previous, last, view);
  return {
    of(view) {
      const { live, building, previous } = row(view);
      return { live, building, previous };
    },
    begin(view) {
      const { last, ...found } = row(view);
      const building = last + 1;
      createTables(db, tables[view], building);
      checkpoint.run(view, building);
      set(view, { ...found, building }, building);
    },
    promote(view) {
      const { live, building, previous, last } = row(view);
      if (previous !== null) forget.run(beside(view, previous));
      if (building === null) throw new Error(`no generation of ${view} is being built`);
      carry.run(view, live, building);
      renameParked(view, { from: live, to: building });
      set(view, { live: building, building: null, previous: live }, last);
    },
    abandon(view) {
      const { last, ...found } = row(view);
      if (found.building !== null) forget.run(beside(view, found.building));
      set(view, { ...found, building: null }, last);
    },
    swap(view) {
      const { live, building, previous, last } = row(view);
      if (previous === null) throw new Error(`${view} has no previous generation`);
      carry.run(view, live, previous);
      renameParked(view, { from: live, to: previous });
      set(view, { live: previous, building, previous: live }, last);
    },
    drop(view) {
      const { last, ...found } = row(view);
      if (found.previous !== null) forget.run(beside(view, found.previous));
      set(view, { ...found, previous: null }, last);
    },
  };
}

/**
 * Tables of generations that nothing points to any more, one at a time, the largest work being to free its pages. True
 * where there was one.
 */
export function sweepOne(db: Database, tables: Tables): boolean {
  const orphan = db
    .prepare<{ view: ViewName; generation: number }>(
      `SELECT view, generation FROM checkpoints c WHERE NOT EXISTS (SELECT 1 FROM generations g
        WHERE g.view = c.view AND c.generation IN (g.live, g.building, g.previous)) LIMIT 1`,
    )
    .get();
  if (!orphan) return false;
  const { view, generation } = orphan;
  const there = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  const names = tables[view].map(({ name }) => tableName(name, generation)).filter((name) => there.get(name));
  const [first] = names;
  db.transaction(() => {
    if (first !== undefined) db.exec(`DROP TABLE ${first}`);
    if (names.length <= 1) {
      db.prepare('DELETE FROM checkpoints WHERE view = ? AND generation = ?').run(view, generation);
    }
  });
  return true;
}
