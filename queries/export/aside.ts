import type { FileWriter, Section, Table } from './port.ts';
import { type ExportRun, extension } from './run.ts';

const NOWHERE = { chatId: null, position: 0 };

/** Makes a file of everything that was put aside under one name, in the order of the names; what earlier runs finished is left. */
export async function filesOfAside(
  { folder, request }: ExportRun,
  of: { table(key: string): Table; write(writer: FileWriter, bytes: Uint8Array): Promise<void> },
): Promise<Section[]> {
  const sections = [...folder.finished];
  const done = new Set(sections.flatMap(({ files }) => files.map(({ name }) => name)));
  for (const key of await folder.aside()) {
    const name = `${key}${extension(request.format)}`;
    if (done.has(name)) continue;
    const writer = await folder.create(name, of.table(key));
    for await (const bytes of folder.readAside(key)) await of.write(writer, bytes);
    const section = { files: [await writer.finish()], cursor: NOWHERE, span: null };
    await folder.finish(section);
    sections.push(section);
  }
  return [...sections, { files: [], cursor: NOWHERE, span: await folder.asideSpan() }];
}

const DAY_LENGTH = 10;
export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, DAY_LENGTH);
