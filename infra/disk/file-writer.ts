import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encoder, FileWriter } from '../../queries/export/port.ts';
import { publishFile } from './publish-file.ts';

/** What is held back until it is worth a write. */
const WRITE_BYTES = 1_048_576;

/** Writes beside the name and takes it when all is on the disk. The bytes are hashed as they go by. */
export async function createFileWriter(folder: string, name: string, encoder: Encoder): Promise<FileWriter> {
  const temporary = join(folder, `.${name}.tmp`);
  const handle = await open(temporary, 'w');
  const hash = createHash('sha256');
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let count = 0;
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  async function add(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    hash.update(bytes);
    held.push(bytes);
    heldBytes += bytes.length;
    if (heldBytes >= WRITE_BYTES) await flush();
  }
  /** One write is under way while the next bytes are made. */
  async function flush(): Promise<void> {
    await writing;
    const pieces = held;
    held = [];
    heldBytes = 0;
    // Unlike `writev`, it goes on where the disk has taken a part, and so finds out that it is full.
    writing = pieces.length === 0 ? Promise.resolve() : handle.writeFile(Buffer.concat(pieces));
    writing.catch(() => undefined); // whoever waits for it next is told
  }

  return {
    get count() {
      return count;
    },
    async rows(rows) {
      count += rows.length;
      await add(encoder.rows(rows));
    },
    async lines(bytes, lines) {
      count += lines;
      await add(bytes);
    },
    async finish() {
      await add(encoder.end());
      await flush();
      await writing;
      closed = true;
      await handle.close();
      publishFile(temporary, join(folder, name));
      return { name, count, sha256: hash.digest('hex') };
    },
    async abandon() {
      if (closed) return;
      closed = true;
      await writing.catch(() => undefined); // it was to be told to whoever wrote, and has ended that already
      await handle.close();
      await rm(temporary, { force: true });
    },
  };
}
