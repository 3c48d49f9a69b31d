import type { Database, Statement } from '../database.ts';

export const INTERNING_TABLES = `
  CREATE TABLE chats (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
  CREATE TABLE users (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
`;
export type Interned = 'chats' | 'users';

/** Caches are emptied when they hold so many: a deployment with more hot ids than that still has bounded memory. */
const CACHED_MAX = 200_000;

/** Ids as integers. A key once given is never given again or taken back, in all generations of all views. */
export interface KeyWriter {
  /** The key of an id, made where there is none. */
  key(id: string): number;
  /** The id of a key that was given. */
  id(key: number): string;
  /** Forgets what a rolled back transaction had given. */
  reset(): void;
}

export function keyWriter(db: Database, table: Interned): KeyWriter {
  const find = db.prepare<[number]>(`SELECT key FROM ${table} WHERE id = ?`, { arrays: true });
  const insert = db.prepare(`INSERT INTO ${table} (id) VALUES (?)`);
  const ids = idReader(db, table);
  const known = new Map<string, number>();
  return {
    key(id) {
      const cached = known.get(id);
      if (cached !== undefined) return cached;
      const key = find.get(id)?.[0] ?? Number(insert.run(id).lastInsertRowid);
      if (known.size >= CACHED_MAX) known.clear();
      known.set(id, key);
      return key;
    },
    id: ids.id,
    reset() {
      known.clear();
      ids.reset();
    },
  };
}

export interface KeyReader {
  /** Null where the id is unknown. */
  key(id: string): number | null;
  id(key: number): string;
}

export function keyReader(db: Database, table: Interned): KeyReader {
  const find = db.prepare<[number]>(`SELECT key FROM ${table} WHERE id = ?`, { arrays: true });
  const known = new Map<string, number>();
  return {
    key(id) {
      const cached = known.get(id);
      if (cached !== undefined) return cached;
      const key = find.get(id)?.[0];
      if (key === undefined) return null;
      if (known.size >= CACHED_MAX) known.clear();
      known.set(id, key);
      return key;
    },
    id: idReader(db, table).id,
  };
}

function idReader(db: Database, table: Interned): { id(key: number): string; reset(): void } {
  const select: Statement<[string]> = db.prepare(`SELECT id FROM ${table} WHERE key = ?`, { arrays: true });
  const known = new Map<number, string>();
  return {
    id(key) {
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      const id = select.get(key)?.[0];
      if (id === undefined) throw new Error(`${table} has no key ${key}`);
      if (known.size >= CACHED_MAX) known.clear();
      known.set(key, id);
      return id;
    },
    reset: () => known.clear(),
  };
}
