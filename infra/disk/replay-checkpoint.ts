import { existsSync, readFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import * as z from 'zod';
import type { ReplayCheckpoint } from '../../queries/replay/port.ts';
import { publishFile } from './publish-file.ts';

const Kept = z.strictObject({
  version: z.literal(1),
  /** What is replayed and where to: another replay must not go on from it. */
  of: z.record(z.string(), z.string()),
  position: z.string(),
  count: z.int().min(0),
});

/** A checkpoint file that cannot be gone on from. */
export class CheckpointError extends Error {
  readonly code = 'bad-checkpoint';
}

export interface CheckpointFile {
  /** Null where there is none yet. Throws `CheckpointError` where it is of another replay, or no checkpoint. */
  read(): ReplayCheckpoint | null;
  /** Throws where it could not be kept: better before the first event is taken than after it. */
  assertWritable(): Promise<void>;
  /** On stable storage once it resolves, all of it or what was there before. */
  keep(checkpoint: ReplayCheckpoint): Promise<void>;
}

export function checkpointFile(file: string, of: Readonly<Record<string, string>>): CheckpointFile {
  const partial = `${file}.partial`;
  return {
    async assertWritable() {
      const handle = await open(partial, 'a');
      await handle.close();
      await rm(partial);
    },
    read() {
      if (!existsSync(file)) return null;
      const kept = parse(file);
      if (JSON.stringify(kept.of) !== JSON.stringify(of)) {
        throw new CheckpointError(`${file} is of another replay, ${textOf(kept.of)}, and this one is ${textOf(of)}`);
      }
      return { position: kept.position, count: kept.count };
    },
    async keep({ position, count }) {
      const handle = await open(partial, 'w');
      try {
        await handle.writeFile(`${JSON.stringify({ version: 1, of, position, count })}\n`);
      } finally {
        await handle.close();
      }
      publishFile(partial, file);
    },
  };
}

function parse(file: string): z.infer<typeof Kept> {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new CheckpointError(`${file} is no checkpoint of a replay`, { cause });
  }
}

const textOf = (of: Readonly<Record<string, string>>): string =>
  Object.entries(of)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
