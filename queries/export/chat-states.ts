import type { ChatId } from '../../events/ids.ts';
import { dayOf, filesOfAside } from './aside.ts';
import { chatsUntil } from './chats.ts';
import type { ExportFolder, FileWriter, Row, Section, Table } from './port.ts';
import { type Exported, type ExportRun, exported, extension, PART_ROWS, partName } from './run.ts';
import { type ChatState, stateOf } from './state.ts';
import { CHATS, MEMBERS, MESSAGES, REACTIONS, STATE_TABLES } from './tables.ts';

/**
 * The chats as they stood at a time, in the order of their ids, each table in files of its own. A part ends with the chat
 * in which it grew long enough; a run that was killed goes on behind the last part.
 */
export async function exportState(run: ExportRun): Promise<Exported> {
  if (run.request.by === 'day') return exportStateByDay(run);
  const { log, folder, request, until, partRows = PART_ROWS } = run;
  const sections = [...folder.finished];
  const behind = sections.at(-1)?.cursor.chatId ?? null;
  const chats = request.filter.chatId === undefined ? await chatsUntil(log, until) : [request.filter.chatId];
  const point = { until, at: request.at ?? Number.POSITIVE_INFINITY, content: request.content };
  let files: OpenFiles | null = null;
  let rows = 0;
  const finish = async (chatId: ChatId): Promise<void> => {
    if (files === null) return;
    const entries = await Promise.all(STATE_TABLES.map(async ({ name }) => (files as OpenFiles)[name]?.finish()));
    const section: Section = { files: entries.filter((entry) => entry !== undefined), cursor: at(chatId), span: null };
    await folder.finish(section);
    sections.push(section);
    files = null;
    rows = 0;
  };
  for (const [index, chatId] of chats.entries()) {
    run.onProgress?.(index, chats.length);
    if (behind !== null && chatId <= behind) continue;
    const state = await stateOf(log, chatId, point);
    if (state === null) continue;
    files ??= await openFiles(run, request.by === 'chat' ? chatId : sections.length + 1);
    rows += await writeState(files, state);
    if (request.by === 'chat' || rows >= partRows) await finish(chatId);
  }
  if (sections.length === 0 && request.by === null) files ??= await openFiles(run, 1);
  await finish(chats.at(-1) ?? '');
  run.onProgress?.(chats.length, chats.length);
  return exported(sections, run);
}

type OpenFiles = Record<string, FileWriter>;

const at = (chatId: ChatId) => ({ chatId, position: 0 });

async function openFiles({ folder, request: { format } }: ExportRun, of: ChatId | number): Promise<OpenFiles> {
  const nameOf = ({ name }: Table) =>
    typeof of === 'number' ? partName(name, of, format) : `${name}-${of}${extension(format)}`;
  const opened = STATE_TABLES.map(async (table) => [table.name, await folder.create(nameOf(table), table)] as const);
  return Object.fromEntries(await Promise.all(opened));
}

async function writeState(files: OpenFiles, state: ChatState): Promise<number> {
  let count = 0;
  const write = async ({ name }: Table, rows: readonly Row[]): Promise<void> => {
    count += rows.length;
    if (rows.length > 0) await files[name]?.rows(rows);
  };
  await write(CHATS, [state.chat]);
  await write(MEMBERS, state.members);
  for await (const { messages, reactions } of state.pages()) {
    await write(MESSAGES, messages);
    await write(REACTIONS, reactions);
  }
  return count;
}

/** Messages by the day they were sent, reactions by the day they came; chats and members, which are of no day, whole. */
async function exportStateByDay(run: ExportRun): Promise<Exported> {
  const { log, folder, request, until } = run;
  if (!(await folder.isAside())) {
    const chats = request.filter.chatId === undefined ? await chatsUntil(log, until) : [request.filter.chatId];
    const point = { until, at: request.at ?? Number.POSITIVE_INFINITY, content: request.content };
    for (const [index, chatId] of chats.entries()) {
      run.onProgress?.(index, chats.length);
      const state = await stateOf(log, chatId, point);
      if (state !== null) await putAside(folder, state);
    }
    await folder.sealAside(null);
  }
  const table = (key: string): Table => STATE_TABLES.find(({ name }) => key.startsWith(name)) ?? CHATS;
  const write = (writer: FileWriter, bytes: Uint8Array) => {
    const lines = Buffer.from(bytes).toString().trimEnd().split('\n');
    return writer.rows(lines.map((line) => JSON.parse(line) as Row));
  };
  return exported(await filesOfAside(run, { table, write }), run);
}

async function putAside(folder: ExportFolder, state: ChatState): Promise<void> {
  const put = async (table: Table, rows: readonly Row[]): Promise<void> => {
    const day = table.columns.findIndex(({ name }) => name === 'occurred_at');
    for (const row of rows) {
      const ofDay = table === MESSAGES || table === REACTIONS ? `-${dayOf(Number(row[day]))}` : '';
      await folder.putAside(`${table.name}${ofDay}`, Buffer.from(`${JSON.stringify(row)}\n`));
    }
  };
  await put(CHATS, [state.chat]);
  await put(MEMBERS, state.members);
  for await (const { messages, reactions } of state.pages()) {
    await put(MESSAGES, messages);
    await put(REACTIONS, reactions);
  }
}
