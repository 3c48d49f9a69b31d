import type { UserId } from '../../events/ids.ts';
import { REACTION_USERS_SHOWN } from '../../events/limits.ts';
import { type ChangeFact, FOLD_EVERY, type FoldFact, type MessageFacts } from '../../queries/chat-history/view.ts';

/** A fold names at least so many users of a reaction, where it has as many. */
const USERS_NEEDED = REACTION_USERS_SHOWN + FOLD_EVERY;
/** … and at most so many: a fold that had to look them up does not have to again before the next but one. */
const USERS_KEPT = USERS_NEEDED + FOLD_EVERY;

type Reactions = FoldFact['reactions'];
type Standing = (emoji: string, limit: number) => UserId[];

/** Whether the state after this change is folded into one fact. */
export const endsInFold = (rev: number): boolean => (rev - 1) % FOLD_EVERY === 0;

/** The message after all its changes. `standing` is asked where the names that an earlier fold kept have run out. */
export function fold({ sent, fold: previous, changes }: MessageFacts, standing: Standing): FoldFact {
  const state: FoldFact = previous
    ? { ...previous, reactions: previous.reactions.map((reaction) => ({ ...reaction, first: [...reaction.first] })) }
    : {
        messageSeq: sent.seq,
        rev: 1,
        seq: sent.seq,
        text: sent.text,
        mentions: sent.mentions ?? [],
        editedAt: null,
        deleted: false,
        reactions: [],
      };
  for (const change of changes) applyChange(state, change);
  for (const reaction of state.reactions) {
    if (reaction.first.length < USERS_NEEDED && reaction.first.length < reaction.count) {
      reaction.first = standing(reaction.emoji, USERS_KEPT);
    } else if (reaction.first.length > USERS_KEPT) {
      reaction.first.length = USERS_KEPT;
    }
  }
  return state;
}

function applyChange(state: FoldFact, change: ChangeFact): void {
  state.rev = change.rev;
  state.seq = change.seq;
  switch (change.kind) {
    case 'edited':
      state.text = change.text ?? '';
      state.mentions = change.mentions ?? [];
      state.editedAt = change.at;
      return;
    case 'deleted':
      Object.assign(state, { text: '', mentions: [], deleted: true, reactions: [] });
      return;
    case 'reacted':
      addReaction(state.reactions, change.emoji ?? '', change.actor);
      return;
    case 'unreacted':
      state.reactions = withoutReaction(state.reactions, change.emoji ?? '', change.actor);
      return;
  }
}

function addReaction(reactions: Reactions, emoji: string, userId: UserId): void {
  const reaction = reactions.find((r) => r.emoji === emoji);
  if (!reaction) {
    reactions.push({ emoji, count: 1, first: [userId] });
    return;
  }
  if (reaction.first.includes(userId)) return;
  // Behind names that are not kept, this one's place is not among the first.
  if (reaction.first.length === reaction.count) reaction.first.push(userId);
  reaction.count++;
}

function withoutReaction(reactions: Reactions, emoji: string, userId: UserId): Reactions {
  const reaction = reactions.find((r) => r.emoji === emoji);
  if (!reaction) return reactions;
  const index = reaction.first.indexOf(userId);
  if (index < 0 && reaction.first.length === reaction.count) return reactions;
  if (index >= 0) reaction.first.splice(index, 1);
  reaction.count--;
  return reaction.count === 0 ? reactions.filter((r) => r !== reaction) : reactions;
}
