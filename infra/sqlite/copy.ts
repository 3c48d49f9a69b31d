import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openDatabase } from './database.ts';

/**
 * A consistent copy of a database that others may be writing to, as of the moment it begins. It appears under its name
 * only once it is whole and on stable storage. Keeps the calling thread busy for as long as it takes.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  if (existsSync(to)) throw new Error(`${to} is there already`);
  const partial = `${to}.partial`;
  rmSync(partial, { force: true });
  const database = await openDatabase({ file: from, synchronous: 'full', readOnly: true });
  try {
    database.prepare('VACUUM INTO ?').run(partial);
  } finally {
    database.close();
  }
  publishFile(partial, to);
}

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
