import { accepted, type Outcome, rejected } from '../events/error-codes.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import { behind } from './answers.ts';
import type { AsOf, Point } from './api.ts';
import type { QueryDeps } from './deps.ts';
import { admit, holds, type Viewer } from './viewer.ts';

/** A point that may also be where a diff or a replay sets out, and then lie just before the first visible event. */
export type AskedPoint = Point & { exclusive?: boolean };

export interface Opened {
  viewer: Viewer;
  asOf: AsOf;
}

/**
 * A chat opened at a point by a viewer: the present where none is asked for. Never answers from less than the point:
 * views that do not hold it yet are waited for, and who waited is let in anew.
 */
export async function open(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  point?: AskedPoint,
): Promise<Outcome<Opened>> {
  const admitted = await admit(deps, who.userId, who.chatId);
  if (!admitted.ok) return admitted;
  const resolved = await resolve(deps, admitted.value, point);
  if (!resolved.ok) return resolved;
  const asOf = resolved.value;
  if (asOf.seq <= admitted.value.head) return accepted({ viewer: admitted.value, asOf });
  if (!(await holds(deps, who.chatId, asOf.seq))) return behind();
  const again = await admit(deps, who.userId, who.chatId);
  return again.ok ? accepted({ viewer: again.value, asOf }) : again;
}

/** The exact seq and time of a point, as far as the chat goes, whether or not the views hold it. */
export async function resolve(deps: QueryDeps, viewer: Viewer, point?: AskedPoint): Promise<Outcome<AsOf>> {
  const found = await seqOf(deps, viewer, point);
  if (!found.ok) return found;
  const seq = found.value;
  const { visibleFrom } = viewer.sight;
  const earliest = point?.exclusive === true || visibleFrom === 1 ? visibleFrom - 1 : visibleFrom;
  if (seq < earliest) return rejected('not-visible', `this chat is visible to you from ${visibleFrom} on`);
  if (seq === 0) return accepted({ seq: 0, at: null });
  const at = await deps.chatLog.atOf(viewer.chatId, seq);
  return at === null ? behind() : accepted({ seq, at });
}

async function seqOf(deps: QueryDeps, viewer: Viewer, point: AskedPoint | undefined): Promise<Outcome<number>> {
  if (point === undefined || ('time' in point && point.time > deps.clock())) return accepted(viewer.head);
  if ('time' in point) return seqAt(deps, viewer, point.time);
  if (point.seq <= viewer.head) return accepted(Math.max(0, point.seq));
  const { known, end } = await chatEnd(deps, viewer);
  if (point.seq > end) return rejected('as-of-unknown', `the chat ends at ${end}`);
  return point.seq <= known || (await holds(deps, viewer.chatId, point.seq)) ? accepted(point.seq) : behind();
}

/** A command is decided, appended and answered within this time, or its caller has heard that the outcome is unknown. */
const UNDECIDED_MS = 15_000;

/**
 * The last event at or before an instant. Times never run backwards, so an answer with a later event behind it is
 * exact; an answer that is the last event the chat's log knows is so only where that is the chat's end.
 */
async function seqAt(deps: QueryDeps, viewer: Viewer, time: number): Promise<Outcome<number>> {
  // What was stamped at or before the instant may still be on its way into the log. `access` goes through the chat's
  // own queue, so that it has arrived, or failed, when that answers; what is decided after it is stamped later.
  if (time > deps.clock() - UNDECIDED_MS) await deps.access(viewer.chatId, viewer.userId);
  const { known, end } = await chatEnd(deps, viewer);
  const found = (await deps.chatLog.seqAt(viewer.chatId, time))?.seq ?? 0;
  if (found < known || known >= end) return accepted(found);
  await holds(deps, viewer.chatId, end);
  const later = (await deps.chatLog.seqAt(viewer.chatId, time))?.seq ?? 0;
  const reaches = (await deps.chatLog.head(viewer.chatId))?.seq ?? 0;
  return later < reaches || reaches >= end ? accepted(later) : behind();
}

/** The last seq that the chat's log knows, and the chat's true end, where the two may differ. */
async function chatEnd(deps: QueryDeps, viewer: Viewer): Promise<{ known: number; end: number }> {
  const known = (await deps.chatLog.head(viewer.chatId))?.seq ?? 0;
  if (deps.progress.lagMs() === 0) return { known, end: known };
  const truth = await deps.access(viewer.chatId, viewer.userId);
  return { known, end: Math.max(known, truth?.headSeq ?? 0) };
}
