import { accepted, type Outcome } from '../../events/error-codes.ts';
import { chatStream } from '../../events/streams.ts';
import { makeUsers } from './authors.ts';
import { catchUp, newImportedChat } from './chat-state.ts';
import { derivedUlid } from './derived-ids.ts';
import { doneFiles, FILE_IMPORTED, IMPORT_AREA } from './done-files.ts';
import { type Plan, planPending } from './plan-batch.ts';
import { LINE_PARTS } from './plan-line.ts';
import type { ImportFile, ImportLine } from './port.ts';
import { type ImportDeps, type ImportReport, type ImportRequest, lineId, type Run, startId } from './run.ts';

/** Lines of one append: enough for speed, few enough that a live send never waits long behind it. */
const BATCH_LINES = 500;
const UNKNOWN_RETRIES = 10;

/**
 * Imports day logs into one group, in order, at the head only. Every id follows from file and line, so the same import
 * again appends nothing, and one that was killed goes on where it was.
 */
export async function importChat(deps: ImportDeps, request: ImportRequest): Promise<Outcome<ImportReport>> {
  const run = await begin(deps, request);
  for (const file of request.files) {
    const lines = [...file.lines()];
    const doneThrough = finishedThrough(run, file, lines);
    for (const line of lines) {
      run.report.lines++;
      if (line.act.type === 'unreadable') {
        run.report.unreadable.push({ file: file.name, line: line.line, why: line.act.why });
      } else if (line.line <= doneThrough) countDone(run, file, line);
      else {
        run.pending.push({ file, line });
        if (run.pending.length >= BATCH_LINES) {
          const refused = await flush(run);
          if (refused) return refused;
        }
      }
    }
    const refused = await flush(run);
    if (refused) return refused;
    await finishFile(run, file, lines.at(-1)?.line ?? 0);
  }
  return accepted(run.report);
}

async function begin(deps: ImportDeps, request: ImportRequest): Promise<Run> {
  const key = `${request.source}\n${request.title}`;
  const chatId = derivedUlid(deps.ids, 0, { namespace: 'import-chat', key });
  const importId = derivedUlid(deps.ids, 0, { namespace: 'import-run', key });
  const chat = newImportedChat();
  await catchUp(deps.store, chatId, chat, importId);
  const run: Run = {
    deps,
    request,
    chatId,
    importId,
    chat,
    done: await doneFiles(deps.store, chatId),
    perMinute: new Map(),
    users: new Map(),
    knownUsers: new Set(),
    pending: [],
    report: {
      chatId,
      lines: 0,
      appended: 0,
      already: chat.imported.has(startId(deps.ids, chatId)) ? 1 : 0,
      unreadable: [],
    },
  };
  return run;
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

function countDone(run: Run, file: ImportFile, line: ImportLine): void {
  const count = LINE_PARTS.filter((part) => run.chat.imported.has(lineId(run, file, line, part))).length;
  if (count === 0) return;
  run.report.already += count;
  // The chat's start was the first event of its minute.
  const before = run.perMinute.get(line.minute) ?? (run.perMinute.size === 0 ? 1 : 0);
  run.perMinute.set(line.minute, before + count);
}

/** Appends what the pending lines ask for; when somebody else appended meanwhile, plans them again on what is there now. */
async function flush(run: Run): Promise<Outcome<never> | null> {
  while (run.pending.length > 0) {
    const plan = planPending(run);
    if ('refused' in plan) return plan.refused;
    await makeUsers(run, plan.facts);
    if (!(await appended(run, plan))) {
      await catchUp(run.deps.store, run.chatId, run.chat, run.importId);
      continue;
    }
    run.report.appended += plan.events.length;
    run.perMinute = plan.perMinute;
    run.chat = plan.chat;
    run.pending = [];
    run.deps.onProgress?.(run.report.lines);
  }
  return null;
}

/** False where somebody else has appended since. An unknown outcome is settled by the identical call. */
async function appended(run: Run, plan: Plan): Promise<boolean> {
  if (plan.events.length === 0) return true;
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await run.deps.store.append(chatStream(run.chatId), run.chat.revision, plan.events);
      return result.status === 'appended';
    } catch (error) {
      const temporary = (error as { temporary?: boolean }).temporary === true;
      if (!temporary || attempt === UNKNOWN_RETRIES) throw error;
    }
  }
}

async function finishFile(run: Run, file: ImportFile, throughLine: number): Promise<void> {
  if (throughLine <= (run.done.get(file.name) ?? 0)) return;
  await run.deps.commands.recordOps({
    actor: run.request.admins[0] ?? '',
    area: IMPORT_AREA,
    type: 'OperatorActed',
    data: { action: FILE_IMPORTED, target: run.chatId, outcome: 'done', details: { file: file.name, throughLine } },
  });
}
