import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, mkdir, open as openFile, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Encoder, ExportFolder, FileWriter, Section, Table } from '../../queries/export/port.ts';
import { createFileWriter } from './file-writer.ts';
import { publishFile } from './publish-file.ts';

/** While an export is under way its folder has this one in it; then there is `manifest.json` instead. */
const WORK = '.export';
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
  /** Writes the manifest: from now on the folder is an export. */
  conclude(manifest: string): Promise<void>;
  /** Lets go of the files that were not finished. */
  close(): Promise<void>;
}

interface OpenOptions<T> {
  readonly folder: string;
  readonly encoder: (table: Table) => Encoder;
  readonly begin: T;
  /** Whether what was begun earlier is the same export. */
  readonly same: (begun: T) => boolean;
}

/** Begins an export in a folder, or goes on with one. A folder with anything else in it is refused. */
export async function openExport<T>({ folder, encoder, begin, same }: OpenOptions<T>): Promise<OpenExport<T>> {
  const work = join(folder, WORK);
  const request = join(work, 'request.json');
  await mkdir(folder, { recursive: true });
  if (existsSync(join(folder, MANIFEST)))
    throw new ExportRefused('export-exists', `${folder} holds an export already: see \`hindsight export verify\``);
  let begun = begin;
  if (existsSync(request)) {
    begun = JSON.parse(await readFile(request, 'utf8')) as T;
    if (!same(begun)) throw new ExportRefused('export-other', `${folder} holds the beginning of another export`);
  } else {
    const others = (await readdir(folder)).filter((name) => name !== WORK);
    if (others.length > 0) throw new ExportRefused('export-other', `${folder} is not empty`);
    await mkdir(work, { recursive: true });
    await writeAtomically(request, JSON.stringify(begin));
  }
  const open = new Set<FileWriter>();
  const finished = await checkedSections(folder, join(work, 'sections.ndjson'));
  return {
    begun,
    finished,
    async create(name, table) {
      const writer = await createFileWriter(folder, name, encoder(table));
      open.add(writer);
      return writer;
    },
    async close() {
      for (const writer of open) await writer.abandon();
    },
    finish: (section) => appendFile(join(work, 'sections.ndjson'), `${JSON.stringify(section)}\n`),
    ...createAside(join(work, 'aside'), join(work, 'sealed.json')),
    async conclude(manifest) {
      await writeAtomically(join(folder, MANIFEST), manifest);
      await rm(work, { recursive: true, force: true });
    },
  };
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
  const known = new Set([MANIFEST, ...files.map(({ name }) => name)]);
  for (const name of await readdir(folder)) if (!known.has(name)) found.push({ name, what: 'unknown' });
  return found;
}
