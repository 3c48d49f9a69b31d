import { createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
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
    const take = async (full: Batch): Promise<void> => {
      full.stream.end();
      await finished(full.stream);
      await files('ndjson', [full.file]);
      await rm(full.file);
    };
    for await (const piece of pieces) {
      if (piece.length === 0) continue;
      batch ??= openBatch(join(folder, `events-${(count += 1)}.ndjson`));
      await written(batch, piece);
      if (batch.bytes < BATCH_BYTES) continue;
      await take(batch);
      batch = null;
    }
    if (batch !== null) await take(batch);
  }

  return { files, lines };
}

interface Batch {
  readonly file: string;
  readonly stream: WriteStream;
  bytes: number;
}

const openBatch = (file: string): Batch => ({ file, stream: createWriteStream(file), bytes: 0 });

function written(batch: Batch, piece: string | Uint8Array): Promise<void> {
  batch.bytes += piece.length;
  return new Promise((resolve, reject) => batch.stream.write(piece, (error) => (error ? reject(error) : resolve())));
}
