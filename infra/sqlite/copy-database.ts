import { open } from 'node:fs/promises';
import { openDatabase } from './database.ts';

/**
 * Copies a database as it stands at one moment, into a file that must not exist, while others read and write it. The
 * copy is on stable storage on return. Blocks the calling thread, about a second for each GB.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const database = await openDatabase({ file: from, synchronous: 'full', readOnly: true });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
  const copy = await open(to, 'r');
  try {
    await copy.sync();
  } finally {
    await copy.close();
  }
}
