import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, mkdir, open as openFile, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../events/event-store.ts';
import type { Encoder, ExportFolder, FileWriter, Section, Table } from '../../queries/export/port.ts';
import { acquireLock } from '../sqlite/event-store/index.ts';
import { createFileWriter } from './file-writer.ts';
import { publishFile, syncToDisk } from './publish-file.ts';

/** While an export is under way its folder has this one in it; then there is `manifest.json` instead. A kill may leave both. */
const WORK = '.export';
const LOCK = 'lock';
export const MANIFEST = 'manifest.json';

export class ExportRefused extends Error {
  readonly code: 'export-exists' | 'export-other';
  constructor(code: ExportRefused['code'], message: string) {
    super(message);
    this.name = 'ExportRefused';
    this.code = code;
  }
}

interface OpenExport<T> extends ExportFolder {
  /** What the export was begun with: the caller's own, or an earlier run's that is the same but for the range. */
  readonly begun: T;
  /** The manifest, where an earlier run was killed after it had written it: there is nothing left to do but to conclude. */
  readonly written: string | null;
  /** Writes the manifest: from now on the folder is an export. */
  conclude(manifest: string): Promise<void>;
  /** Lets go of the folder, and of the files that were not finished. */
  close(): Promise<void>;
}

interface OpenOptions<T> {
  readonly folder: string;
  readonly encoder: (table: Table) => Encoder;
  readonly begin: T;
  /** Whether what was begun earlier is the same export. */
  readonly same: (begun: T) => boolean;
}

/**
 * Begins an export in a folder, or goes on with one; one process at a time. Throws `ExportRefused` where anything else is
 * in the folder, and `StoreError`, `locked`, where another process is at work there.
 */
export async function openExport<T>(options: OpenOptions<T>): Promise<OpenExport<T>> {
  const { folder } = options;
  const work = join(folder, WORK);
  await mkdir(folder, { recursive: true });
  if (!existsSync(work)) {
    assertNoExport(folder);
    if ((await readdir(folder)).length > 0) throw new ExportRefused('export-other', `${folder} is not empty`);
    await mkdir(work, { recursive: true });
  }
  const unlock = await acquireLock(join(work, LOCK), `another export into ${folder} is under way`);
  try {
    return await openWork(options, { work, unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openWork<T>(
  { folder, encoder, begin, same }: OpenOptions<T>,
  { work, unlock }: { work: string; unlock: () => void },
): Promise<OpenExport<T>> {
  const request = join(work, 'request.json');
  const begun = existsSync(request) ? (JSON.parse(await readFile(request, 'utf8')) as T) : begin;
  if (!same(begun)) throw new ExportRefused('export-other', `${folder} holds the beginning of another export`);
  if (!existsSync(request)) {
    assertNoExport(folder);
    await writeAtomically(request, JSON.stringify(begin));
  }
  const open = new Set<FileWriter>();
  const manifest = join(folder, MANIFEST);
  const finished = await checkedSections(folder, join(work, 'sections.ndjson'));
  return {
    begun,
    written: existsSync(manifest) ? await readFile(manifest, 'utf8') : null,
    finished,
    async create(name, table) {
      const writer = await createFileWriter(folder, name, encoder(table));
      open.add(writer);
      return writer;
    },
    async close() {
      for (const writer of open) await writer.abandon();
      unlock();
    },
    finish: (section) => appendFile(join(work, 'sections.ndjson'), `${JSON.stringify(section)}\n`),
    ...createAside(join(work, 'aside'), join(work, 'sealed.json')),
    async conclude(text) {
      await writeAtomically(manifest, text);
      await rm(work, { recursive: true, force: true });
    },
  };
}

function assertNoExport(folder: string): void {
  if (existsSync(join(folder, MANIFEST)))
    throw new ExportRefused('export-exists', `${folder} holds an export already: see \`hindsight export verify\``);
}

async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await openFile(temporary, 'w');
  await handle.writeFile(text);
  await handle.close();
  publishFile(temporary, file);
}

/** Sections up to the first whose files are not there as they were written; what follows is made anew. */
async function checkedSections(folder: string, file: string): Promise<Section[]> {
  const sections: Section[] = [];
  const text = existsSync(file) ? await readFile(file, 'utf8') : '';
  for (const line of text.split('\n').slice(0, -1)) {
    const section = JSON.parse(line) as Section;
    const hashes = await Promise.all(section.files.map(({ name }) => sha256OfFile(join(folder, name))));
    if (section.files.some(({ sha256 }, i) => sha256 !== hashes[i])) break;
    sections.push(section);
  }
  await writeAtomically(file, sections.map((section) => `${JSON.stringify(section)}\n`).join(''));
  return sections;
}

/** Null where there is no such file. */
export async function sha256OfFile(file: string): Promise<string | null> {
  if (!existsSync(file)) return null;
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

const HELD_BYTES_MAX = 16_777_216;
const LINE_FEED = 0x0a;

function createAside(
  folder: string,
  seal: string,
): Pick<ExportFolder, 'putAside' | 'sealAside' | 'isAside' | 'asideSpan' | 'aside' | 'readAside'> {
  const held = new Map<string, Uint8Array[]>();
  let heldBytes = 0;
  async function flush(): Promise<void> {
    for (const [key, pieces] of held) await appendFile(join(folder, key), Buffer.concat(pieces));
    held.clear();
    heldBytes = 0;
  }
  return {
    async putAside(key, bytes) {
      const pieces = held.get(key);
      if (pieces) pieces.push(bytes);
      else held.set(key, [bytes]);
      heldBytes += bytes.length;
      if (heldBytes >= HELD_BYTES_MAX) await flush();
    },
    async sealAside(span) {
      await flush();
      for (const key of await readdir(folder)) syncToDisk(join(folder, key));
      syncToDisk(folder);
      await writeAtomically(seal, JSON.stringify(span));
    },
    async isAside() {
      if (existsSync(seal)) return true;
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      return false;
    },
    asideSpan: async () => JSON.parse(await readFile(seal, 'utf8')) as Section['span'],
    aside: async () => (await readdir(folder)).sort(),
    async *readAside(key) {
      let rest: Buffer = Buffer.alloc(0);
      for await (const piece of createReadStream(join(folder, key))) {
        const all = Buffer.concat([rest, piece as Buffer]);
        const end = all.lastIndexOf(LINE_FEED) + 1;
        rest = all.subarray(end);
        if (end > 0) yield all.subarray(0, end);
      }
      if (rest.length > 0)
        throw new StoreError('corrupt', `${join(folder, key)} is cut off: export into an empty folder instead`);
    },
  };
}

/** Whatever of a folder is not as its manifest says; empty where all is. */
export async function compareFiles(
  folder: string,
  files: readonly { name: string; sha256: string }[],
): Promise<{ name: string; what: 'missing' | 'changed' | 'unknown' }[]> {
  const found: { name: string; what: 'missing' | 'changed' | 'unknown' }[] = [];
  for (const { name, sha256 } of files) {
    const actual = await sha256OfFile(join(folder, name));
    if (actual !== sha256) found.push({ name, what: actual === null ? 'missing' : 'changed' });
  }
  const known = new Set([MANIFEST, WORK, ...files.map(({ name }) => name)]); // where it lies beside a manifest, nothing of it counts any more
  for (const name of await readdir(folder)) if (!known.has(name)) found.push({ name, what: 'unknown' });
  return found;
}
