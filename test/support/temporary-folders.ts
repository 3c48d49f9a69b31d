import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolders {
  /** A fresh folder. */
  folder(): string;
  /** The path of a file in a fresh folder. */
  file(name: string): string;
  remove(): void;
}

/** Folders of a whole test file, for what outlives a single test. */
export function temporaryFolders(): TemporaryFolders {
  const made: string[] = [];
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'hindsight-'));
    made.push(path);
    return path;
  };
  return {
    folder,
    file: (name) => join(folder(), name),
    remove() {
      for (const path of made) rmSync(path, { recursive: true, force: true });
    },
  };
}
