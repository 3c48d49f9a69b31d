import type { ChatEvent } from '../../events/chat.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { behind } from '../answers.ts';
import type { Diff, Message } from '../api.ts';
import { deletedNow, foldAll } from '../chat-history/load.ts';
import { present } from '../chat-history/present.ts';
import type { MessageFacts } from '../chat-history/view.ts';
import type { QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { messageSeqOf, sees } from '../visibility/index.ts';
import type { Fits, Range } from './range.ts';
import { reactionDiff } from './reactions.ts';

/** Messages read at once: each may bring dozens of its former texts. */
const FACTS_PAGE = 50;

type MessageDiff = Pick<Diff, 'added' | 'edited' | 'deleted' | 'reactions'>;

/** What became of the messages that the viewer saw sent or changed between the points. */
export async function messageDiff(deps: QueryDeps, viewer: Viewer, range: Range): Promise<Outcome<MessageDiff>> {
  const seen = range.events.filter((event) => sees(viewer.sight, event));
  const sent = seen.filter(({ type }) => type === 'MessageSent').map(({ seq }) => seq);
  const changed = changedBefore(seen, range.from.seq);
  const added = await standing(deps, viewer, { seqs: sent, through: range.to.seq });
  if (!added.ok) return added;
  const older = await olderDiff(deps, viewer, { range, seen, changed });
  if (!older.ok) return older;
  return accepted({ added: added.value, ...older.value });
}

/** The messages from before the range that the events change, in order. */
function changedBefore(seen: readonly ChatEvent[], from: number): number[] {
  const seqs = new Set(seen.map((event) => messageSeqOf(event) ?? Number.POSITIVE_INFINITY));
  return [...seqs].filter((seq) => seq <= from).toSorted((a, b) => a - b);
}

async function standing(
  deps: QueryDeps,
  viewer: Viewer,
  of: { seqs: readonly number[]; through: number },
): Promise<Outcome<Message[]>> {
  const facts = await deps.chatHistory.messages(viewer.chatId, of.seqs, of.through);
  const shown = await present(deps, viewer, { facts, through: of.through });
  return shown.ok ? accepted(shown.value.filter(({ deleted }) => !deleted)) : shown;
}

/** In pieces, so that no more is read than a diff may; null where it is more. */
async function factsOf(
  deps: QueryDeps,
  viewer: Viewer,
  of: { seqs: readonly number[]; through: number; fits: Fits },
): Promise<MessageFacts[] | null> {
  const all: MessageFacts[] = [];
  for (let i = 0; i < of.seqs.length; i += FACTS_PAGE) {
    const page = await deps.chatHistory.messages(viewer.chatId, of.seqs.slice(i, i + FACTS_PAGE), of.through);
    if (!of.fits(page)) return null;
    all.push(...page);
  }
  return all;
}

async function olderDiff(
  deps: QueryDeps,
  viewer: Viewer,
  of: { range: Range; seen: readonly ChatEvent[]; changed: readonly number[] },
): Promise<Outcome<Omit<MessageDiff, 'added'>>> {
  const { range, changed } = of;
  const [factsBefore, factsAfter] = await Promise.all([
    factsOf(deps, viewer, { seqs: changed, through: range.from.seq, fits: range.fits }),
    factsOf(deps, viewer, { seqs: changed, through: range.to.seq, fits: range.fits }),
  ]);
  if (!factsBefore || !factsAfter) return rejected('range-too-long', 'these changes hold too many words for one diff');
  const [before, after] = await Promise.all([
    foldAll(deps, viewer, factsBefore, range.from.seq),
    foldAll(deps, viewer, factsAfter, range.to.seq),
  ]);
  const withheld = viewer.sight.withholdDeleted ? await deletedNow(deps, viewer.chatId, changed) : new Set<number>();
  if (withheld === null) return behind();

  const edited: Diff['edited'] = [];
  const deleted: number[] = [];
  const alive = new Set<number>();
  for (const [i, { view: was }] of before.entries()) {
    const is = after[i]?.view ?? was;
    if (was.deleted) continue;
    if (is.deleted) {
      deleted.push(was.seq);
      continue;
    }
    alive.add(was.seq);
    if (was.text === is.text) continue;
    const hide = withheld.has(was.seq);
    edited.push({ messageId: was.messageId, before: hide ? '' : was.text, after: hide ? '' : is.text });
  }
  const gone = factsBefore.filter(({ sent }) => deleted.includes(sent.seq));
  const shown = await present(deps, viewer, { facts: gone, through: range.from.seq });
  if (!shown.ok) return shown;
  const reactions = await reactionDiff(deps, viewer, { seen: of.seen, alive, from: range.from.seq });
  return accepted({ edited, deleted: shown.value, reactions });
}
