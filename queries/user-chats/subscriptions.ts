import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { behind } from '../answers.ts';
import type { Subscription } from '../api.ts';
import { BEHIND_WAIT_MS, type QueryDeps } from '../deps.ts';
import { parkedChats } from '../parked/lagging.ts';
import { sightOf } from '../visibility/index.ts';
import { accessOr, type SeenRow, seenRows } from './rows.ts';
import type { UserChatRow } from './view.ts';

const ROWS_PAGE = 500;
/** Parked chats that are looked through for those that a user has come into since. */
const UNLISTED_MAX = 100;

/**
 * All present chats of a user, newest first, as of `atLeast` or later. A chat that moves up while they are read would be
 * missed further down, so the reading is repeated for what changed meanwhile.
 */
export async function subscriptions(
  deps: QueryDeps,
  userId: UserId,
  atLeast: number,
): Promise<Outcome<Subscription[]>> {
  if (!(await deps.progress.reached(atLeast, BEHIND_WAIT_MS))) return behind();
  const rows = new Map<ChatId, UserChatRow>();
  let since = deps.progress.position();
  await collect(deps, userId, { into: rows });
  for (let passes = 0; rows.size > ROWS_PAGE && deps.progress.position() > since && passes < 3; passes++) {
    const changedAfter = since;
    since = deps.progress.position();
    await collect(deps, userId, { into: rows, changedAfter });
  }
  const ordered = [...rows.values()].toSorted((a, b) => b.orderPosition - a.orderPosition);
  const seen = (await seenRows(deps, userId, ordered)).map(toSubscription);
  return accepted([...seen, ...(await unlisted(deps, userId, rows))]);
}

async function collect(
  deps: QueryDeps,
  userId: UserId,
  of: { into: Map<ChatId, UserChatRow>; changedAfter?: number },
): Promise<void> {
  const changed = of.changedAfter === undefined ? {} : { changedAfter: of.changedAfter };
  for (let before: number | undefined; ; ) {
    const place = before === undefined ? {} : { before };
    const page = await deps.userChats.chatsOf(userId, { limit: ROWS_PAGE, ...place, ...changed });
    for (const row of page) of.into.set(row.chatId, row);
    before = page.at(-1)?.orderPosition;
    if (page.length < ROWS_PAGE) return;
  }
}

/** Chats that a user came into while these were parked: the views do not know of it, the log does. */
async function unlisted(
  deps: QueryDeps,
  userId: UserId,
  rows: ReadonlyMap<ChatId, UserChatRow>,
): Promise<Subscription[]> {
  const parked = (await parkedChats(deps)).filter(({ chatId }) => !rows.has(chatId)).slice(0, UNLISTED_MAX);
  const found: Subscription[] = [];
  for (const { chatId } of parked) {
    const access = await accessOr(deps, { chatId, userId }, null);
    if (access === null || access.role === null) continue;
    const { headSeq, historyVisibility, pastContent, spans } = access;
    const { visibleFrom } = sightOf(access);
    // Of how many members nobody knows here; so receipts go out as in a small chat.
    found.push({ chatId, headSeq, memberCount: 0, historyVisibility, pastContent, visibleFrom, spans: [...spans] });
  }
  return found;
}

const toSubscription = ({ row, viewer, headSeq }: SeenRow): Subscription => ({
  chatId: row.chatId,
  headSeq,
  memberCount: row.memberCount,
  historyVisibility: row.historyVisibility,
  pastContent: row.pastContent,
  visibleFrom: viewer.sight.visibleFrom,
  spans: viewer.access.spans.map(({ from, to }) => ({ from, to })),
});
