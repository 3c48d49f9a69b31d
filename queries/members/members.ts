import type { Role } from '../../events/chat.ts';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { pageLimit, viewPosition } from '../answers.ts';
import type { AsOf, Point } from '../api.ts';
import { open } from '../as-of.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { PAGE_MAX, type QueryDeps } from '../deps.ts';
import { frameSeq } from '../visibility/index.ts';

type Member = { userId: UserId; role: Role; sinceSeq: number };

/** Members in order of userId, as of a point. The cursor carries the pin of the first page. */
export async function members(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  page: { asOf?: Point; cursor?: string; limit: number },
): Promise<Outcome<{ members: Member[]; next: string | null; asOf: AsOf; position: string }>> {
  const place = page.cursor === undefined ? accepted([null, '']) : decodeCursor(page.cursor, ['n', 's']);
  if (!place.ok) return place;
  const [pin, after] = place.value as [number | null, string];
  const position = viewPosition(deps);
  const opened = await open(deps, who, pin === null ? page.asOf : { seq: pin });
  if (!opened.ok) return opened;
  const { viewer, asOf } = opened.value;
  const limit = pageLimit(page.limit, PAGE_MAX);
  const through = frameSeq(viewer.sight, asOf.seq);
  const rows = through === 0 ? [] : await deps.members.membersAsOf(who.chatId, { through, after, limit: limit + 1 });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor([asOf.seq, last.userId]) : null;
  return accepted({ members: shown, next, asOf, position });
}
