import type { UserId } from '../../../events/ids.ts';
import { REACTION_USERS_SHOWN } from '../../../events/limits.ts';
import { type ChangeFact, FOLD_EVERY, type FoldFact, type MessageFacts } from '../../../queries/chat-history/view.ts';
import type { NamesThrough } from './facts.ts';

/** A fold is never asked to go on from fewer names than it must keep … */
const NAMES_NEEDED = REACTION_USERS_SHOWN + FOLD_EVERY;
/** … and asks for at most so many. */
const NAMES_ASKED = NAMES_NEEDED + FOLD_EVERY;

interface Name {
  readonly userId: UserId;
  /** Of the reaction; 0 where only a fold told of it. */
  readonly rev: number;
}

/** Those who stand behind an emoji, the earliest first: all, or so many of them as can be needed. */
interface Names {
  known: Name[];
  count: number;
  /** Everyone whose reaction is of this rev or an earlier one is known. Of no meaning where all are. */
  through: number;
}

/**
 * A message that a batch will fold, kept up to date while the batch goes over it: its facts, and who stands behind each
 * emoji. What a fold asks for is answered from here, because the database cannot be asked in between.
 */
export interface Folding {
  facts: MessageFacts | null;
  readonly names: Map<string, Names>;
  /** The emojis whose names the fold under way has asked for. */
  readonly asked: Set<string>;
}

export function foldingOf(facts: MessageFacts | null, through: NamesThrough = new Map()): Folding {
  const names = new Map<string, Names>();
  for (const { emoji, count, first } of facts?.fold?.reactions ?? []) {
    names.set(emoji, {
      known: first.map((userId) => ({ userId, rev: 0 })),
      count,
      through: through.get(emoji) ?? 0,
    });
  }
  for (const change of facts?.changes ?? []) applyNames(names, change);
  return { facts, names, asked: new Set() };
}

export function applyChange(folding: Folding, change: ChangeFact): void {
  folding.facts?.changes.push(change);
  applyNames(folding.names, change);
}

function applyNames(names: Map<string, Names>, { kind, emoji = '', actor, rev }: ChangeFact): void {
  if (kind === 'deleted') names.clear();
  if (kind === 'reacted') {
    const behind = names.get(emoji) ?? { known: [], count: 0, through: 0 };
    names.set(emoji, behind);
    if (isComplete(behind)) behind.known.push({ userId: actor, rev });
    behind.count += 1;
  }
  if (kind === 'unreacted') {
    const behind = names.get(emoji);
    if (!behind) return;
    const at = behind.known.findIndex(({ userId }) => userId === actor);
    if (at >= 0) behind.known.splice(at, 1);
    behind.count -= 1;
    if (behind.count === 0) names.delete(emoji);
  }
}

const isComplete = ({ known, count }: Names): boolean => known.length === count;

/** What a fold asks. */
export function namesOf(folding: Folding, { emoji, limit }: { emoji: string; limit: number }): UserId[] {
  const behind = folding.names.get(emoji);
  if (!behind) return [];
  if (behind.known.length < Math.min(limit, behind.count))
    throw new Error(`${limit} names are asked for, ${behind.known.length} of ${behind.count} were loaded`);
  folding.asked.add(emoji);
  return behind.known.slice(0, limit).map(({ userId }) => userId);
}

/**
 * Goes on from a fold. Returns through which rev it names everyone, where it does not name all: the same whoever folds
 * it, and whatever else they know.
 */
export function folded(folding: Folding, fold: FoldFact): NamesThrough {
  const before = folding.facts?.fold?.reactions ?? [];
  const partial = new Map<string, number>();
  for (const { emoji, count, first } of fold.reactions) {
    const behind = folding.names.get(emoji);
    if (!behind || first.length === count) continue;
    const earlier = before.find((reaction) => reaction.emoji === emoji);
    if (folding.asked.has(emoji)) behind.through = behind.known[first.length - 1]?.rev ?? 0;
    // Whoever is left out for the first time came after the fold before, which named all.
    else if (!earlier || earlier.first.length === earlier.count) behind.through = fold.rev - FOLD_EVERY;
    partial.set(emoji, behind.through);
  }
  if (folding.facts) folding.facts = { ...folding.facts, fold, changes: [] };
  folding.asked.clear();
  return partial;
}

type Reactions = readonly { rev: number; userId: UserId }[];

/**
 * Reads on where the names that are known may run out in a batch that takes so many reactions back. `read`: those that
 * stand after a rev, as of the seq that the facts are as of.
 */
export async function loadNames(
  folding: Folding,
  removals: ReadonlyMap<string, number>,
  read: (emoji: string, page: { afterRev: number; limit: number }) => Promise<Reactions>,
): Promise<void> {
  for (const [emoji, behind] of folding.names) {
    const gone = removals.get(emoji) ?? 0;
    if (isComplete(behind) || behind.known.length - gone >= NAMES_NEEDED) continue;
    const known = new Set(behind.known.map(({ userId }) => userId));
    const found = await read(emoji, { afterRev: behind.through, limit: NAMES_ASKED + gone });
    behind.known = [...behind.known, ...found.filter(({ userId }) => !known.has(userId))];
  }
}
