import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../../../infra/disk/export-folder.ts';
import type { EventsLoader } from '../../../infra/duckdb/fill.ts';
import { readUnchanged } from '../exported-files.ts';
import { VerbFailed } from '../io.ts';

const KINDS = ['ndjson', 'csv', 'parquet'] as const;

/** An export of events, as its manifest names its files; or a folder of what `events --json` wrote. */
export async function fillFromExport(folder: string, load: EventsLoader): Promise<void> {
  if (!existsSync(folder)) throw new VerbFailed('not-found', `there is no folder ${folder}`);
  const names = existsSync(join(folder, MANIFEST)) ? await manifested(folder) : linesIn(folder);
  for (const kind of KINDS) {
    const own = names.filter((name) => name.endsWith(`.${kind}`)).map((name) => join(folder, name));
    await load.files(kind, own);
  }
}

async function manifested(folder: string): Promise<string[]> {
  const manifest = await readUnchanged(folder);
  if (manifest.kind !== 'events') {
    throw new VerbFailed('bad-export', `${folder} holds a state: ask an export of events, which holds every state`);
  }
  return manifest.files.map(({ name }) => name);
}

function linesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  if (names.length === 0) throw new VerbFailed('not-found', `${folder} holds no exported events`);
  return names.toSorted();
}
