import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

/** Gives a finished file its name, so that a crash leaves either all of it or nothing under that name. */
export function publishFile(partial: string, to: string): void {
  sync(partial);
  renameSync(partial, to);
  sync(dirname(to));
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
