import type { ChatId } from '../../events/ids.ts';
import { type EventStreamPage, readEventStream } from '../event-stream/index.ts';
import { dayOf, filesOfAside } from './aside.ts';
import { chatsUntil } from './chats.ts';
import type { Cursor, FileWriter, Section } from './port.ts';
import { type Exported, type ExportRun, exported, extension, PART_ROWS, partName } from './run.ts';
import { EVENTS, EVENTS_WITHOUT_POSITIONS, eventRow } from './tables.ts';

interface Piece {
  readonly chatId: ChatId | null;
  readonly page: EventStreamPage;
}

/**
 * Events into files: in the order of the log in parts, by day, or by chat. What is finished is kept, so that a run which
 * was killed goes on behind it, and ends with the same bytes.
 */
export async function exportEvents(run: ExportRun): Promise<Exported> {
  if (run.request.by === 'day') return exportDays(run);
  const sections = [...run.folder.finished];
  const from = sections.at(-1)?.cursor ?? null;
  const file = createFile(run, sections);
  for await (const { chatId, page } of piecesOf(run, from)) {
    if (run.request.by === 'chat' && file.chatId() !== chatId) await file.finish();
    for (let line = 0; line < page.ends.length; ) line = await file.take({ chatId, page, line });
  }
  await file.finish({ evenEmpty: run.request.by === null && sections.length === 0 });
  return exported(sections, run);
}

export const tableOf = ({ request }: ExportRun) => (request.positions ? EVENTS : EVENTS_WITHOUT_POSITIONS);

/** The pages that are asked for, behind what was finished. */
export async function* piecesOf(run: ExportRun, from: Cursor | null): AsyncGenerator<Piece> {
  const { log, request, until, onProgress } = run;
  const { content, positions } = request;
  const signal = new AbortController().signal;
  const read = (chatId: ChatId | undefined, after: number | undefined) => {
    const filter = {
      ...request.filter,
      until: Math.min(until, request.filter.until ?? until),
      ...(after !== undefined && { after: Math.max(after, request.filter.after ?? 0) }),
      ...(chatId !== undefined && { chatId }),
    };
    return readEventStream({ log, filter, content, positions, follow: false, signal });
  };
  if (positions && request.by !== 'chat') {
    for await (const page of read(undefined, from?.position)) {
      onProgress?.(page.position, until);
      yield { chatId: null, page };
    }
    return;
  }
  const chats = request.filter.chatId === undefined ? await chatsUntil(log, until) : [request.filter.chatId];
  for (const [index, chatId] of chats.entries()) {
    if (from?.chatId && chatId < from.chatId) continue;
    onProgress?.(index, chats.length);
    for await (const page of read(chatId, chatId === from?.chatId ? from.position : undefined)) yield { chatId, page };
  }
  onProgress?.(chats.length, chats.length);
}

interface Taken extends Piece {
  /** The first of the page's lines that is not yet in a file. */
  readonly line: number;
}

/** The file that is written at present. */
function createFile(run: ExportRun, sections: Section[]) {
  const { folder, request, partRows = PART_ROWS } = run;
  let writer: FileWriter | null = null;
  let chatId: ChatId | null = null;
  let first = 0;
  let last = 0;

  const open = async (): Promise<FileWriter> => {
    const part = request.by === 'chat' ? `events-${chatId}${extension(request.format)}` : null;
    return folder.create(part ?? partName('events', sections.length + 1, request.format), tableOf(run));
  };

  async function finish({ evenEmpty = false } = {}): Promise<void> {
    if (writer === null && !evenEmpty) return;
    writer ??= await open();
    const span = writer.count > 0 ? { first, last } : null;
    const section = { files: [await writer.finish()], cursor: { chatId, position: last }, span };
    await folder.finish(section);
    sections.push(section);
    writer = null;
    first = 0;
  }

  return {
    chatId: () => chatId,
    finish,
    /** Writes what fits; returns the first line that did not. */
    async take({ chatId: of, page, line }: Taken): Promise<number> {
      chatId = of;
      writer ??= await open();
      const room = request.by === 'chat' ? page.ends.length : partRows - writer.count;
      const end = Math.min(page.ends.length, line + room);
      const bytes = page.bytes.subarray(line === 0 ? 0 : page.ends[line - 1], page.ends[end - 1]);
      await writeLines(run, writer, { bytes, count: end - line });
      if (first === 0) first = page.positions[line] ?? 0;
      last = page.positions[end - 1] ?? 0;
      if (request.by === null && writer.count >= partRows) await finish();
      return end;
    },
  };
}

export async function writeLines(
  { request }: ExportRun,
  writer: FileWriter,
  { bytes, count }: { bytes: Uint8Array; count: number },
): Promise<void> {
  if (request.format === 'ndjson') return writer.lines(bytes, count);
  const lines = Buffer.from(bytes).toString().trimEnd().split('\n');
  await writer.rows(lines.map((line) => eventRow(line, request)));
}

/** A log is not in the order of its days (an import's lie in the past): each day's lines are put aside first. */
async function exportDays(run: ExportRun): Promise<Exported> {
  const { folder } = run;
  const span = { first: Number.MAX_SAFE_INTEGER, last: 0 };
  if (!(await folder.isAside())) {
    for await (const { page } of piecesOf(run, null)) {
      for (const [key, bytes] of byDay(page)) await folder.putAside(key, bytes);
      span.first = Math.min(span.first, ...page.positions);
      span.last = Math.max(span.last, ...page.positions);
    }
    await folder.sealAside(span.last === 0 ? null : span);
  }
  const write = (writer: FileWriter, bytes: Uint8Array) => writeLines(run, writer, { bytes, count: linesIn(bytes) });
  return exported(await filesOfAside(run, { table: () => tableOf(run), write }), run);
}

function byDay({ bytes, ends, ats }: EventStreamPage): Map<string, Buffer> {
  const found = new Map<string, Buffer[]>();
  let start = 0;
  for (const [line, end] of ends.entries()) {
    const key = `events-${dayOf(ats[line] ?? 0)}`;
    const part = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const known = found.get(key);
    if (known) known.push(part);
    else found.set(key, [part]);
    start = end;
  }
  return new Map([...found].map(([key, parts]) => [key, Buffer.concat(parts)]));
}

const LINE_FEED = 0x0a;

function linesIn(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === LINE_FEED) count++;
  return count;
}
