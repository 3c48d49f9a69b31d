import type { MessageView } from '../../events/chat-view.ts';
import { changeMessage } from '../../events/chat-view.ts';
import { rfc3339 } from '../../events/codec.ts';
import type { UserId } from '../../events/ids.ts';
import { type Sight, seesSeq, spanAt } from '../visibility/index.ts';
import type { ChangeFact, FoldFact, MessageFacts, SentFact } from './view.ts';

/** Who reacted with one emoji: those known by name in order, with their change where it is known, and how many more. */
export interface Tally {
  readonly users: Map<UserId, ChangeFact | null>;
  others: number;
}

/** A message folded from its facts. `view.reactions` is empty: they are in `tallies`, in the order in which they came. */
export interface Folded {
  readonly view: MessageView;
  readonly tallies: ReadonlyMap<string, Tally>;
}

/** Whether a viewer sees a change of a message that they see. */
export const seesChange = (sight: Sight, change: Pick<ChangeFact, 'seq' | 'kind'>): boolean =>
  change.kind === 'deleted' || seesSeq(sight, change.seq);

/**
 * Whether the viewer was away while a message changed, in a way that its folded state cannot tell apart: then it must
 * be folded again from all its changes. Never so for those who did not leave and come back.
 */
export function needsAllChanges(sight: Sight, facts: MessageFacts): boolean {
  const end = spanAt(sight, facts.sent.seq)?.to ?? null;
  if (end === null || facts.fold === null) return false;
  return facts.fold.seq > end || facts.changes.some((change) => !seesChange(sight, change));
}

/** Folds the changes that a viewer sees onto the fold, or onto the send. */
export function foldMessage(sight: Sight, facts: MessageFacts): Folded {
  let view = facts.fold === null ? sentView(facts.sent) : foldedView(sentView(facts.sent), facts.fold);
  const tallies = facts.fold === null ? new Map<string, Tally>() : foldedTallies(facts.fold);
  for (const change of facts.changes) {
    if (!seesChange(sight, change)) continue;
    if (change.kind === 'deleted') tallies.clear();
    if (change.kind === 'edited' || change.kind === 'deleted') view = changeText(view, change);
    else changeTally(tallies, change);
  }
  return { view, tallies };
}

const sentView = (sent: SentFact): MessageView => ({
  seq: sent.seq,
  number: sent.number,
  messageId: sent.messageId,
  senderId: sent.senderId,
  at: rfc3339(sent.at),
  rev: 1,
  text: sent.text,
  withheld: null,
  editedAt: null,
  deleted: false,
  replyTo: sent.replyTo ?? null,
  mentions: sent.mentions ?? [],
  files: sent.files ?? [],
  reactions: [],
  ...(sent.origin === undefined ? {} : { origin: sent.origin }),
});

const foldedView = (sent: MessageView, fold: FoldFact): MessageView => ({
  ...sent,
  rev: fold.rev,
  text: fold.text,
  mentions: fold.mentions,
  editedAt: fold.editedAt === null ? null : rfc3339(fold.editedAt),
  deleted: fold.deleted,
  files: fold.deleted ? [] : sent.files,
});

const foldedTallies = (fold: FoldFact): Map<string, Tally> =>
  new Map(
    fold.reactions.map(({ emoji, count, first }) => [
      emoji,
      { users: new Map(first.map((userId) => [userId, null])), others: count - first.length },
    ]),
  );

function changeText(view: MessageView, change: ChangeFact): MessageView {
  const about = { messageId: view.messageId, messageSeq: view.seq, rev: change.rev };
  const frame = { actor: change.actor, at: rfc3339(change.at) };
  if (change.kind === 'deleted') return changeMessage(view, { ...frame, type: 'MessageDeleted', data: about });
  const data = {
    ...about,
    text: change.text ?? '',
    ...(change.mentions === undefined ? {} : { mentions: change.mentions }),
  };
  return changeMessage(view, { ...frame, type: 'MessageEdited', data });
}

/**
 * As the reducer counts reactions, with those beyond the known ones as a number. Reacting twice changes nothing: the
 * removal in between may be one that the viewer does not see.
 */
function changeTally(tallies: Map<string, Tally>, change: ChangeFact): void {
  const emoji = change.emoji ?? '';
  const tally = tallies.get(emoji);
  if (change.kind === 'reacted') {
    if (tally === undefined) tallies.set(emoji, { users: new Map([[change.actor, change]]), others: 0 });
    else if (!tally.users.has(change.actor)) tally.users.set(change.actor, change);
  } else if (tally !== undefined) {
    if (!tally.users.delete(change.actor) && tally.others > 0) tally.others -= 1;
    if (tally.users.size + tally.others === 0) tallies.delete(emoji);
  }
}
