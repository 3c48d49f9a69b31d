import { accepted, type Outcome } from '../../events/error-codes.ts';
import { chatStream } from '../../events/streams.ts';
import { chatTitle } from '../text.ts';
import { appendKnown } from './append-known.ts';
import { makeUsers } from './authors.ts';
import { addCount, catchUp, newImportedChat } from './chat-state.ts';
import { derivedUlid } from './derived-ids.ts';
import { doneFiles, FILE_IMPORTED, IMPORT_AREA } from './done-files.ts';
import { type Plan, planPending } from './plan-batch.ts';
import { LINE_PARTS } from './plan-line.ts';
import type { ImportFile, ImportLine } from './port.ts';
import { type ImportDeps, type ImportReport, type ImportRequest, lineId, type PendingLine, type Run } from './run.ts';

/** Lines of one append: enough for speed, few enough that a live send never waits long behind it. */
const BATCH_LINES = 500;

/**
 * Imports day logs into one group, in order, at the head only. Every id follows from file and line, so the same import
 * again appends nothing, and one that was killed goes on where it was.
 */
export async function importChat(deps: ImportDeps, request: ImportRequest): Promise<Outcome<ImportReport>> {
  const title = chatTitle(request.title);
  if (!title.ok) return title;
  const run = await begin(deps, { ...request, title: title.value });
  for (const file of request.files) {
    const lines = [...file.lines()];
    run.file = { file, lines, doneThrough: finishedThrough(run, file, lines) };
    for (const line of lines) {
      run.report.lines++;
      if (line.act.type === 'unreadable') {
        run.report.unreadable.push({ file: file.name, line: line.line, why: line.act.why });
      } else if (line.line <= run.file.doneThrough) countDone(run, { file, line });
      else {
        run.pending.push({ file, line });
        if (run.pending.length >= (deps.batchLines ?? BATCH_LINES)) {
          const refused = await flush(run);
          if (refused) return refused;
        }
      }
    }
    const refused = await flush(run);
    if (refused) return refused;
    await finishFile(run, file, lines);
    run.deps.onProgress?.(run.report.lines);
  }
  return accepted(run.report);
}

async function begin(deps: ImportDeps, request: ImportRequest): Promise<Run> {
  const key = `${request.source}\n${request.title}`;
  const chatId = derivedUlid(deps.ids, 0, { namespace: 'import-chat', key });
  const importId = derivedUlid(deps.ids, 0, { namespace: 'import-run', key });
  const chat = newImportedChat();
  await catchUp(deps.store, chat, { chatId, importId });
  return {
    deps,
    request,
    chatId,
    importId,
    chat,
    done: await doneFiles(deps.store, chatId),
    file: null,
    users: new Map(),
    knownUsers: new Set(),
    pending: [],
    report: {
      chatId,
      lines: 0,
      appended: 0,
      already: 0,
      unreadable: [],
    },
  };
}

/** The last line of a file that earlier runs have dealt with: by their record, or by the events that it left. */
function finishedThrough(run: Run, file: ImportFile, lines: readonly ImportLine[]): number {
  let through = run.done.get(file.name) ?? 0;
  if (run.chat.imported.size === 0) return through;
  for (const line of lines) {
    if (line.line > through && LINE_PARTS.some((part) => run.chat.imported.has(lineId(run, file, line, part))))
      through = line.line;
  }
  return through;
}

function countDone(run: Run, { file, line }: PendingLine): void {
  const { imported, firstOfLine } = run.chat;
  const ids = LINE_PARTS.map((part) => lineId(run, file, line, part)).filter((id) => imported.has(id));
  run.report.already += ids.length;
  if (firstOfLine !== null && ids.includes(firstOfLine)) run.report.already++; // the chat's start
}

/** Appends what the pending lines ask for; when somebody else appended meanwhile, plans them again on what is there now. */
async function flush(run: Run): Promise<Outcome<never> | null> {
  while (run.pending.length > 0) {
    const plan = planPending(run);
    if ('refused' in plan) return plan.refused;
    await makeUsers(run, plan.facts);
    if (!(await appended(run, plan))) {
      await seeOthers(run);
      continue;
    }
    run.report.appended += plan.events.length;
    run.chat = plan.chat;
    for (const [minute, count] of plan.perMinute) addCount(run.chat, minute, count);
    run.pending = [];
    run.deps.onProgress?.(run.report.lines);
  }
  return null;
}

/** After a conflict. The other one may have been the same import in another process: what it has done is done. */
async function seeOthers(run: Run): Promise<void> {
  const { chatId, importId, chat, file: current } = run;
  await catchUp(run.deps.store, chat, { chatId, importId });
  if (!current) return;
  current.doneThrough = Math.max(current.doneThrough, finishedThrough(run, current.file, current.lines));
  const isDone = ({ line }: PendingLine): boolean => line.line <= current.doneThrough;
  for (const pending of run.pending.filter(isDone)) countDone(run, pending);
  run.pending = run.pending.filter((pending) => !isDone(pending));
}

/** False where somebody else has appended since. */
async function appended(run: Run, { events }: Plan): Promise<boolean> {
  if (events.length === 0) return true;
  const stream = chatStream(run.chatId);
  const result = await appendKnown(run.deps.store, stream, { expected: run.chat.revision, events });
  return result.status === 'appended';
}

/** A line that cannot be read now may be the beginning of one that is still being written: it is looked at again. */
async function finishFile(run: Run, file: ImportFile, lines: readonly ImportLine[]): Promise<void> {
  const throughLine = lines.findLast(({ act }) => act.type !== 'unreadable')?.line ?? 0;
  if (throughLine <= (run.done.get(file.name) ?? 0)) return;
  await run.deps.commands.recordOps({
    actor: run.request.actor ?? run.request.admins[0] ?? '',
    area: IMPORT_AREA,
    type: 'OperatorActed',
    data: { action: FILE_IMPORTED, target: run.chatId, outcome: 'done', details: { file: file.name, throughLine } },
  });
}
