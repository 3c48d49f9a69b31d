import type { ChatEvent } from '../../events/chat.ts';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { behind, chatNotFound, pageLimit, viewPosition } from '../answers.ts';
import type { AsOf, VisibleEvent } from '../api.ts';
import { deletedNow } from '../chat-history/load.ts';
import { EVENTS_PAGE_MAX, type QueryDeps } from '../deps.ts';
import { admit, admitToLog, type Viewer } from '../viewer.ts';
import { isHidden, messageSeqOf, pushMerged, seenEvent } from '../visibility/index.ts';

/** A hidden run is followed over so many events in one read; a longer one comes in pieces. */
const HIDDEN_SCAN_MAX = 10_000;

const WORDLESS: ReadonlySet<string> = new Set(['MessageDeleted', 'ReactionAdded', 'ReactionRemoved']);

export interface EventsAsked {
  after: number;
  limit: number;
  through?: number;
}

/**
 * A page of a chat's events through a viewer's eyes, from the chat's log, which may be ahead of the other views. Every
 * seq from `visibleFrom` on comes once; `asOf` is the chat's end, or `through` where that is earlier.
 */
export async function events(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  asked: EventsAsked,
): Promise<Outcome<{ events: VisibleEvent[]; next: number | null; asOf: AsOf; position: string }>> {
  const position = viewPosition(deps);
  const head = await deps.chatLog.head(who.chatId);
  if (head === null) return chatUnknown(deps, who);
  const admitted = await admitToLog(deps, who.userId, who.chatId, head.seq);
  if (!admitted.ok) return admitted;
  const viewer = admitted.value;
  const end = Math.min(head.seq, asked.through ?? head.seq);
  const run = await readRun(deps, viewer, {
    after: asked.after,
    limit: pageLimit(asked.limit, EVENTS_PAGE_MAX),
    through: end,
  });
  if (run === null) return behind();
  const at = end === head.seq ? head.at : end < 1 ? null : await deps.chatLog.atOf(who.chatId, end);
  const next = run.last < end ? run.last : null;
  return accepted({ events: run.events, next, asOf: { seq: end, at }, position });
}

/** A chat whose log is not there yet is one that nobody may see, or one that its members must wait for. */
async function chatUnknown(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
): Promise<ReturnType<typeof behind>> {
  const admitted = await admit(deps, who.userId, who.chatId);
  return admitted.ok ? behind() : chatNotFound();
}

interface Run {
  events: VisibleEvent[];
  /** The last seq that went into it. */
  last: number;
}

/** At most `limit` events and hidden runs; a run at the end is followed to where it ends. */
async function readRun(
  deps: QueryDeps,
  viewer: Viewer,
  page: { after: number; limit: number; through: number },
): Promise<Run | null> {
  const run: Run = { events: [], last: Math.max(page.after, viewer.sight.visibleFrom - 1) };
  const scanEnd = run.last + HIDDEN_SCAN_MAX;
  for (let limit = page.limit; run.last < page.through; limit = EVENTS_PAGE_MAX) {
    const read = await deps.chatLog.events(viewer.chatId, { after: run.last, limit, through: page.through });
    const deleted = await deletedAmong(deps, viewer, read);
    if (deleted === null) return null;
    const full = takeSeen(run, { viewer, read, deleted, limit: page.limit });
    if (full || read.length === 0 || !endsHidden(run) || run.last >= scanEnd) break;
  }
  return run;
}

function endsHidden({ events }: Run): boolean {
  const last = events.at(-1);
  return last !== undefined && isHidden(last);
}

/** Adds what is seen; true where the next one has no place any more. */
function takeSeen(
  run: Run,
  from: { viewer: Viewer; read: readonly ChatEvent[]; deleted: ReadonlySet<number>; limit: number },
): boolean {
  for (const event of from.read) {
    const seen = seenEvent(from.viewer.sight, event, from.deleted);
    if (seen === null) continue;
    if (run.events.length >= from.limit && !(endsHidden(run) && isHidden(seen))) return true;
    pushMerged(run.events, seen);
    run.last = event.seq;
  }
  return false;
}

/** Which of the messages whose words the events may carry are deleted now, where the chat wants such words gone. */
function deletedAmong(
  deps: QueryDeps,
  viewer: Viewer,
  read: readonly ChatEvent[],
): Promise<ReadonlySet<number> | null> {
  if (!viewer.sight.withholdDeleted) return Promise.resolve(new Set());
  const seqs = new Set<number>();
  for (const event of read) {
    const about = event.type === 'MessageSent' ? event.seq : messageSeqOf(event);
    if (about !== null && !WORDLESS.has(event.type)) seqs.add(about);
  }
  return deletedNow(deps, viewer.chatId, [...seqs]);
}
