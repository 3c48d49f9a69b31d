import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareFiles, MANIFEST } from '../../infra/disk/export-folder.ts';
import { type Manifest, parseManifest, SCHEMA_VERSION, versionOfManifest } from '../../queries/export/index.ts';
import { VerbFailed, WrongUsage } from './io.ts';

/** There is no such file, or what should be the folder is one. */
const NOT_THERE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

/** What a finished export says of itself, and where its files are not as it says. Null: the manifest itself is not as it was written. */
export async function readExport(
  folder: string,
): Promise<{ manifest: Manifest | null; differences: Awaited<ReturnType<typeof compareFiles>> }> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (!NOT_THERE.has(error.code)) throw error; // what cannot be read may well be there
    throw new VerbFailed('not-found', `${folder} holds no finished export`);
  });
  const manifest = parseManifest(text);
  const version = versionOfManifest(text);
  if (manifest === null && version !== null && version > SCHEMA_VERSION)
    throw new VerbFailed(
      'export-version',
      `the export has schema version ${version}, this program knows ${SCHEMA_VERSION}: use the version of Hindsight that made it`,
    );
  const differences =
    manifest === null ? [{ name: MANIFEST, what: 'changed' as const }] : await compareFiles(folder, manifest.files);
  return { manifest, differences };
}

/** What is not as it was written is not taken. */
export async function readUnchanged(folder: string): Promise<Manifest> {
  const { manifest, differences } = await readExport(folder);
  const [first] = differences;
  if (first !== undefined) throw new VerbFailed('export-changed', `${folder}: ${first.name} is ${first.what}`);
  if (manifest === null) throw new VerbFailed('export-changed', `${folder}: ${MANIFEST} is changed`);
  return manifest;
}

/** The files of an export of events in NDJSON, in the order of its manifest, in which no chat's events come before its earlier ones. */
export async function filesOfEvents(folder: string): Promise<string[]> {
  const manifest = await readUnchanged(folder);
  if (manifest.kind !== 'events' || manifest.filter['format'] !== 'ndjson')
    throw new WrongUsage(`${folder} is no export of events in NDJSON`);
  return manifest.files.map(({ name }) => join(folder, name));
}
