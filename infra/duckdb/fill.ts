import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, quoted } from './library.ts';
import { type EventFiles, insertEvents } from './schema.ts';

/** What lies on disk twice at most: as lines, until DuckDB has read them. */
const BATCH_BYTES = 33_554_432;

/** Puts events into the table `events`. */
export interface EventsLoader {
  /** Files as `events --json` and `export events` write them, all of one kind. */
  files(kind: EventFiles, names: readonly string[]): Promise<void>;
  /** Pieces of whole lines. */
  lines(pieces: AsyncIterable<string | Uint8Array>): Promise<void>;
}

export function eventsLoader(connection: DuckDBConnection, folder: string): EventsLoader {
  async function files(kind: EventFiles, names: readonly string[]): Promise<void> {
    if (names.length > 0) await connection.run(insertEvents(kind, `[${names.map(quoted).join(', ')}]`));
  }

  async function lines(pieces: AsyncIterable<string | Uint8Array>): Promise<void> {
    let batch: Batch | null = null;
    let count = 0;
    const take = async ({ file, handle }: Batch): Promise<void> => {
      await handle.close();
      await files('ndjson', [file]);
      await rm(file);
    };
    try {
      for await (const piece of pieces) {
        if (piece.length === 0) continue;
        batch ??= await openBatch(join(folder, `events-${(count += 1)}.ndjson`));
        await batch.handle.appendFile(piece);
        batch.bytes += piece.length;
        if (batch.bytes < BATCH_BYTES) continue;
        await take(batch);
        batch = null;
      }
      if (batch !== null) await take(batch);
    } catch (error) {
      await batch?.handle.close();
      throw error;
    }
  }

  return { files, lines };
}

interface Batch {
  readonly file: string;
  readonly handle: FileHandle;
  bytes: number;
}

const openBatch = async (file: string): Promise<Batch> => ({ file, handle: await open(file, 'w'), bytes: 0 });
