/**
 * Remembers what maps held before they were written, so that decisions which were never stored can be taken back.
 * Cheaper than a copy of the state per batch: one entry for each write.
 */
export interface Journal {
  set<K, V>(map: Map<K, V>, key: K, value: V): void;
  delete<K, V>(map: Map<K, V>, key: K): void;
  /** What was written stands. */
  commit(): void;
  rollback(): void;
}

export function createJournal(): Journal {
  let entries: { map: Map<unknown, unknown>; key: unknown; before: unknown }[] = [];
  const remember = (map: Map<unknown, unknown>, key: unknown): void => {
    entries.push({ map, key, before: map.get(key) });
  };
  return {
    set(map, key, value) {
      remember(map as Map<unknown, unknown>, key);
      map.set(key, value);
    },
    delete(map, key) {
      remember(map as Map<unknown, unknown>, key);
      map.delete(key);
    },
    commit() {
      entries = [];
    },
    rollback() {
      for (let i = entries.length - 1; i >= 0; i--) {
        const { map, key, before } = entries[i] as (typeof entries)[number];
        if (before === undefined) map.delete(key);
        else map.set(key, before);
      }
      entries = [];
    },
  };
}

/** For what is stored already: writes at once and keeps no way back. */
export const direct: Journal = {
  set: (map, key, value) => void map.set(key, value),
  delete: (map, key) => void map.delete(key),
  commit: () => undefined,
  rollback: () => undefined,
};
