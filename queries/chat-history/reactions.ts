import { rfc3339 } from '../../events/codec.ts';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, MessageId, UserId } from '../../events/ids.ts';
import { messageNotFound, pageLimit, viewPosition } from '../answers.ts';
import type { AsOf, Point } from '../api.ts';
import { open } from '../as-of.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { PAGE_MAX, type QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { seesSeq, spanAt } from '../visibility/index.ts';
import { foldMessage } from './fold.ts';
import { allChanges } from './load.ts';

export interface ReactionsAsked {
  emoji?: string;
  asOf?: Point;
  cursor?: string;
  limit: number;
}
export type ReactionRow = { emoji: string; userId: UserId; seq: number; at: string };
type RevRow = { rev: number; emoji: string; userId: UserId; seq: number; at: number };
interface RevPage {
  reactions: RevRow[];
  nextRev: number | null;
}

/** Who reacted to a message, as of a point, in the order in which they did. The cursor carries the first page's pin. */
export async function reactions(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  asked: ReactionsAsked & { messageId: MessageId },
): Promise<Outcome<{ reactions: ReactionRow[]; next: string | null; asOf: AsOf; position: string }>> {
  const place = asked.cursor === undefined ? accepted([null, 0]) : decodeCursor(asked.cursor, ['n', 'n']);
  if (!place.ok) return place;
  const [pin, afterRev] = place.value as [number | null, number];
  const position = viewPosition(deps);
  const opened = await open(deps, who, pin === null ? asked.asOf : { seq: pin });
  if (!opened.ok) return opened;
  const { viewer, asOf } = opened.value;
  const messageSeq = await deps.chatHistory.seqOf(who.chatId, asked.messageId);
  if (messageSeq === null || messageSeq > asOf.seq || !seesSeq(viewer.sight, messageSeq)) return messageNotFound();
  const page = {
    through: asOf.seq,
    afterRev,
    limit: pageLimit(asked.limit, PAGE_MAX),
    ...(asked.emoji === undefined ? {} : { emoji: asked.emoji }),
  };
  const found = await readPage(deps, viewer, { messageSeq, page });
  const shown = found.reactions.map(({ emoji, userId, seq, at }) => ({ emoji, userId, seq, at: rfc3339(at) }));
  const next = found.nextRev === null ? null : encodeCursor([asOf.seq, found.nextRev]);
  return accepted({ reactions: shown, next, asOf, position });
}

type Page = { through: number; afterRev: number; limit: number; emoji?: string };

/** The view's own page, but for a message that went on changing while the viewer was away. */
async function readPage(deps: QueryDeps, viewer: Viewer, of: { messageSeq: number; page: Page }): Promise<RevPage> {
  const { messageSeq, page } = of;
  const end = spanAt(viewer.sight, messageSeq)?.to ?? null;
  if (end === null || end >= page.through) return deps.chatHistory.reactions(viewer.chatId, messageSeq, page);
  const standing = await visibleReactions(deps, viewer, { messageSeq, through: page.through });
  const wanted = standing.filter(
    ({ rev, emoji }) => rev > page.afterRev && (page.emoji === undefined || emoji === page.emoji),
  );
  const shown = wanted.slice(0, page.limit);
  return { reactions: shown, nextRev: wanted.length > page.limit ? (shown.at(-1)?.rev ?? null) : null };
}

/** The reactions that stand in what a viewer sees of a message, in order of rev. */
export async function visibleReactions(
  deps: QueryDeps,
  viewer: Viewer,
  of: { messageSeq: number; through: number },
): Promise<RevRow[]> {
  const [[facts], changes] = await Promise.all([
    deps.chatHistory.messages(viewer.chatId, [of.messageSeq], of.through),
    allChanges(deps, viewer.chatId, of),
  ]);
  if (facts === undefined) return [];
  const { tallies } = foldMessage(viewer.sight, { sent: facts.sent, fold: null, changes });
  const rows = [...tallies].flatMap(([emoji, tally]) =>
    [...tally.users].map(([userId, change]) => ({
      rev: change?.rev ?? 0,
      emoji,
      userId,
      seq: change?.seq ?? 0,
      at: change?.at ?? 0,
    })),
  );
  return rows.toSorted((a, b) => a.rev - b.rev);
}
