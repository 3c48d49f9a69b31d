import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

/** Gives a finished file its name, so that a crash leaves either all of it or nothing under that name. */
export function publishFile(partial: string, to: string): void {
  syncToDisk(partial);
  renameSync(partial, to);
  syncToDisk(dirname(to));
}

/** What was written of a file, or the names in a folder, outlives a power cut from now on. */
export function syncToDisk(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
