import type { UserId } from '../../../events/ids.ts';
import { REACTION_USERS_SHOWN } from '../../../events/limits.ts';
import {
  type ChangeFact,
  type ChatHistoryReader,
  FOLD_EVERY,
  type MessageFacts,
} from '../../../queries/chat-history/view.ts';
import type { Message } from './overflow.ts';

/** A fold is never asked to go on from fewer names than it must keep … */
const NAMES_NEEDED = REACTION_USERS_SHOWN + FOLD_EVERY;
/** … and asks for at most so many more. */
const NAMES_ASKED = NAMES_NEEDED + FOLD_EVERY;

/** Those who stand behind an emoji, the earliest first: all, or so many of them as can be needed. */
interface Names {
  readonly users: UserId[];
  count: number;
}

/**
 * A message that a batch will fold, kept up to date while the batch goes over it: its facts, and who stands behind each
 * emoji. What a fold asks for is answered from here, because the database cannot be asked in between.
 */
export interface Folding {
  facts: MessageFacts | null;
  readonly names: Map<string, Names>;
}

export function foldingOf(facts: MessageFacts | null): Folding {
  const folding: Folding = { facts, names: new Map() };
  for (const { emoji, count, first } of facts?.fold?.reactions ?? []) {
    folding.names.set(emoji, { users: [...first], count });
  }
  for (const change of facts?.changes ?? []) applyNames(folding.names, change);
  return folding;
}

export function applyChange(folding: Folding, change: ChangeFact): void {
  folding.facts?.changes.push(change);
  applyNames(folding.names, change);
}

function applyNames(names: Map<string, Names>, { kind, emoji = '', actor }: ChangeFact): void {
  if (kind === 'deleted') names.clear();
  if (kind === 'reacted') {
    const behind = names.get(emoji) ?? { users: [], count: 0 };
    names.set(emoji, behind);
    if (behind.users.length === behind.count) behind.users.push(actor);
    behind.count += 1;
  }
  if (kind === 'unreacted') {
    const behind = names.get(emoji);
    if (!behind) return;
    const at = behind.users.indexOf(actor);
    if (at >= 0) behind.users.splice(at, 1);
    behind.count -= 1;
    if (behind.count === 0) names.delete(emoji);
  }
}

export function namesOf(folding: Folding, { emoji, limit }: { emoji: string; limit: number }): UserId[] {
  const behind = folding.names.get(emoji);
  if (!behind) return [];
  if (behind.users.length < Math.min(limit, behind.count))
    throw new Error(`${limit} names are asked for, ${behind.users.length} of ${behind.count} were loaded`);
  return behind.users.slice(0, limit);
}

/**
 * Reads on where the names that are known may run out in a batch that takes so many reactions back. `through`: as of
 * the seq that the facts are as of.
 */
export async function loadNames(
  reader: Pick<ChatHistoryReader, 'reactions'>,
  folding: Folding,
  { message, through, removals }: { message: Message; through: number; removals: ReadonlyMap<string, number> },
): Promise<void> {
  for (const [emoji, behind] of folding.names) {
    const gone = removals.get(emoji) ?? 0;
    const enough = behind.users.length === behind.count || behind.users.length - gone >= NAMES_NEEDED;
    if (enough) continue;
    const { chatId, messageSeq } = message;
    const page = { through, afterRev: 0, limit: NAMES_ASKED + gone, emoji };
    const { reactions } = await reader.reactions(chatId, messageSeq, page);
    behind.users.splice(0, behind.users.length, ...reactions.map(({ userId }) => userId));
  }
}
