import type { ChatId } from '../../events/ids.ts';
import type { QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { type Folded, foldMessage, needsAllChanges } from './fold.ts';
import type { ChangeFact, MessageFacts } from './view.ts';

const CHANGES_PAGE = 1_000;
/** Events past the views that are searched for deletions before a reader hears `behind`. */
const DELETIONS_SCAN_MAX = 10_000;

/** Messages as a viewer sees them as of a seq; all but those they were away for are folded from what was read. */
export function foldAll(
  deps: QueryDeps,
  viewer: Viewer,
  facts: readonly MessageFacts[],
  through: number,
): Promise<Folded[]> {
  return Promise.all(facts.map((message) => foldOne(deps, viewer, message, through)));
}

async function foldOne(deps: QueryDeps, viewer: Viewer, facts: MessageFacts, through: number): Promise<Folded> {
  if (!needsAllChanges(viewer.sight, facts)) return foldMessage(viewer.sight, facts);
  const changes = await allChanges(deps, viewer.chatId, { messageSeq: facts.sent.seq, through });
  return foldMessage(viewer.sight, { sent: facts.sent, fold: null, changes });
}

export async function allChanges(
  deps: QueryDeps,
  chatId: ChatId,
  of: { messageSeq: number; through: number },
): Promise<ChangeFact[]> {
  const all: ChangeFact[] = [];
  for (;;) {
    const afterRev = all.at(-1)?.rev ?? 1;
    const page = await deps.chatHistory.changes(chatId, of.messageSeq, {
      afterRev,
      through: of.through,
      limit: CHANGES_PAGE,
    });
    all.push(...page);
    if (page.length < CHANGES_PAGE) return all;
  }
}

/**
 * Which of the messages are deleted now, by the view and by what the log holds beyond it: words that the chat wants
 * gone must not come back because a view lags. null where the view lags too far to tell.
 */
export async function deletedNow(
  deps: QueryDeps,
  chatId: ChatId,
  seqs: readonly number[],
): Promise<ReadonlySet<number> | null> {
  if (seqs.length === 0) return new Set();
  const held = await deps.chatHistory.head(chatId);
  const deleted = new Set(await deps.chatHistory.deletedAmong(chatId, seqs, Number.MAX_SAFE_INTEGER));
  let after = held;
  const last = after + DELETIONS_SCAN_MAX;
  while (after < last) {
    const page = await deps.chatLog.events(chatId, { after, limit: CHANGES_PAGE });
    for (const event of page) if (event.type === 'MessageDeleted') deleted.add(event.data.messageSeq);
    after = page.at(-1)?.seq ?? after;
    if (page.length < CHANGES_PAGE) return deleted;
  }
  return null;
}
