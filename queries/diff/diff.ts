import type { ChatEvent } from '../../events/chat.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { badRequest, behind, viewPosition } from '../answers.ts';
import type { Diff, Point } from '../api.ts';
import { open, resolve } from '../as-of.ts';
import { EVENTS_PAGE_MAX, type QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { frameDiff } from './frame.ts';
import { messageDiff } from './messages.ts';
import { DIFF_MAX_BYTES, type Fits, withinBytes } from './range.ts';

export const DIFF_MAX_EVENTS = 10_000;

/**
 * The net change between two points as a viewer sees it: the fold at `to` against the fold at `from`; what came and went
 * inside is not listed. `added` stand as at `to`, with their reactions; `deleted` as they stood at `from`.
 */
export async function diff(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  points: { from: Point; to: Point },
): Promise<Outcome<Diff & { position: string }>> {
  const position = viewPosition(deps);
  const opened = await open(deps, who, points.to);
  if (!opened.ok) return opened;
  const { viewer, asOf: to } = opened.value;
  const start = await resolve(deps, viewer, { ...points.from, exclusive: true });
  if (!start.ok) return start;
  const from = start.value;
  if (from.seq > to.seq) return badRequest('from', 'lies after to');
  if (to.seq - from.seq > DIFF_MAX_EVENTS) return rejected('range-too-long', `at most ${DIFF_MAX_EVENTS} events`);
  const fits = withinBytes(DIFF_MAX_BYTES);
  const events = await eventsBetween(deps, viewer, { from: from.seq, to: to.seq, fits });
  if (events === 'too-long') return rejected('range-too-long', 'these events hold too many words for one diff');
  if (events === null) return behind();
  const range = { from, to, events, fits };
  const [messages, frame] = await Promise.all([messageDiff(deps, viewer, range), frameDiff(deps, viewer, range)]);
  return messages.ok ? accepted({ ...messages.value, ...frame, from, to, position }) : messages;
}

/** null where the chat's log does not hold them all yet. */
async function eventsBetween(
  deps: QueryDeps,
  viewer: Viewer,
  range: { from: number; to: number; fits: Fits },
): Promise<ChatEvent[] | 'too-long' | null> {
  const all: ChatEvent[] = [];
  while (range.from + all.length < range.to) {
    const after = range.from + all.length;
    const page = await deps.chatLog.events(viewer.chatId, { after, limit: EVENTS_PAGE_MAX, through: range.to });
    if (page.length === 0) return null;
    if (!range.fits(page)) return 'too-long';
    all.push(...page);
  }
  return all;
}
