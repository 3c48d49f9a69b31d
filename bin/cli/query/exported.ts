import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventsLoader } from '../../../infra/duckdb/fill.ts';
import { VerbFailed } from '../io.ts';

/** An export of events as NDJSON, with as many files as it has. */
export async function fillFromExport(folder: string, load: EventsLoader): Promise<void> {
  if (!existsSync(folder)) throw new VerbFailed('not-found', `there is no folder ${folder}`);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ndjson'));
  if (names.length === 0) throw new VerbFailed('not-found', `${folder} holds no exported events (*.ndjson)`);
  await load.files(names.toSorted().map((name) => join(folder, name)));
}
