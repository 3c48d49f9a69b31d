import type { UserId } from '../../../events/ids.ts';
import { type ChangeFact, FOLD_EVERY } from '../../../queries/chat-history/view.ts';
import { type Cassandra, readAll } from '../cassandra.ts';
import { intOf, textOf } from '../row.ts';
import { earlyChanges } from './messages.ts';
import { changesBeyond, type Message } from './overflow.ts';
import { asInt, EARLY_REVS, reactorSlotOf } from './places.ts';

const OF_ACTORS = 'FROM chat_history_reactors WHERE chat = ? AND message_seq = ? AND slot = ? AND actor IN ?';
/** The newest comes first in each group. */
const LATEST = `SELECT actor, emoji, rev, kind ${OF_ACTORS} AND emoji IN ? AND seq <= ?
  GROUP BY chat, message_seq, slot, actor, emoji`;
const EMOJIS = `SELECT emoji ${OF_ACTORS} GROUP BY chat, message_seq, slot, actor, emoji`;

export interface ReactionsAsked {
  readonly through: number;
  readonly afterRev: number;
  readonly limit: number;
  readonly emoji?: string;
}
export interface Reaction {
  rev: number;
  emoji: string;
  userId: UserId;
  seq: number;
  at: number;
}

/**
 * Reactions that stand as of a seq, in order of rev, of a message that is not deleted by then. Nothing says of a
 * reaction that it was taken back but the removal: those who reacted are looked up, each once.
 */
export async function standingReactions(
  cassandra: Cassandra,
  message: Message,
  asked: ReactionsAsked,
): Promise<{ reactions: Reaction[]; nextRev: number | null }> {
  const isWanted = ({ rev, emoji }: Reaction) =>
    rev > asked.afterRev && (asked.emoji === undefined || emoji === asked.emoji);
  const early = asked.afterRev < EARLY_REVS ? await earlyChanges(cassandra, message, asked.through) : null;
  const first = standingAmong(early ?? []).filter(isWanted);
  if (early !== null && early.length < FOLD_EVERY) return pageOf(first, asked);
  const latest = latestOfReactors(cassandra, message, asked.through);
  const standing = await latest(first);
  const beyond = { afterRev: asked.afterRev, through: asked.through, limit: Number.POSITIVE_INFINITY };
  for await (const changes of changesBeyond(cassandra, message, beyond)) {
    if (standing.length > asked.limit) break;
    const reactions = changes.filter(({ kind }) => kind === 'reacted').map(reactionOf);
    standing.push(...(await latest(reactions.filter(isWanted))));
  }
  return pageOf(standing, asked);
}

/** One more than asked tells whether there is a next page. */
function pageOf(standing: readonly Reaction[], { limit, afterRev }: ReactionsAsked) {
  const reactions = standing.slice(0, limit);
  return { reactions, nextRev: standing.length > limit ? (reactions.at(-1)?.rev ?? afterRev) : null };
}

/** Those of some reactions that were not followed by another change by the same user, beyond the first changes. */
function latestOfReactors(cassandra: Cassandra, message: Message, through: number) {
  const known = new Map<string, number | null>();
  return async (reactions: readonly Reaction[]): Promise<Reaction[]> => {
    const unknown = reactions.filter((reaction) => !known.has(keyOf(reaction)));
    for (const reaction of unknown) known.set(keyOf(reaction), null);
    const asked = {
      users: [...new Set(unknown.map(({ userId }) => userId))],
      emojis: [...new Set(unknown.map(({ emoji }) => emoji))],
      through,
    };
    for (const latest of await latestOf(cassandra, message, asked)) known.set(keyOf(latest), latest.rev);
    return reactions.filter((reaction) => (known.get(keyOf(reaction)) ?? reaction.rev) === reaction.rev);
  };
}

const keyOf = ({ userId, emoji }: { userId: UserId; emoji: string }): string => `${userId} ${emoji}`;

interface Latest {
  readonly userId: UserId;
  readonly emoji: string;
  readonly rev: number;
  readonly kind: string;
}

/** The last that users did with emojis as of a seq, where they did anything beyond the first changes. */
async function latestOf(
  cassandra: Cassandra,
  { chatId, messageSeq }: Message,
  { users, emojis, through }: { users: readonly UserId[]; emojis: readonly string[]; through: number },
): Promise<Latest[]> {
  if (emojis.length === 0) return [];
  const slots = new Map<number, UserId[]>();
  for (const userId of users) {
    const slot = reactorSlotOf(userId);
    slots.set(slot, [...(slots.get(slot) ?? []), userId]);
  }
  const reads = [...slots].map(([slot, actors]) =>
    readAll(cassandra, LATEST, [chatId, messageSeq, slot, actors, emojis, asInt(through)]),
  );
  return (await Promise.all(reads)).flat().map((row) => ({
    userId: textOf(row, 'actor'),
    emoji: textOf(row, 'emoji'),
    rev: intOf(row, 'rev'),
    kind: textOf(row, 'kind'),
  }));
}

/** The emojis of one user that stand as of a seq, in order of rev, on a message that is not deleted by then. */
export async function emojisOfUser(
  cassandra: Cassandra,
  message: Message,
  { userId, through }: { userId: UserId; through: number },
): Promise<string[]> {
  const early = await earlyChanges(cassandra, message, through);
  const standing = new Map(
    standingAmong(early.filter(({ actor }) => actor === userId)).map(({ emoji, rev }) => [emoji, rev]),
  );
  if (early.length >= FOLD_EVERY) {
    const { chatId, messageSeq } = message;
    const rows = await readAll(cassandra, EMOJIS, [chatId, messageSeq, reactorSlotOf(userId), [userId]]);
    const emojis = rows.map((row) => textOf(row, 'emoji'));
    for (const { emoji, rev, kind } of await latestOf(cassandra, message, { users: [userId], emojis, through })) {
      if (kind === 'reacted') standing.set(emoji, rev);
      else standing.delete(emoji);
    }
  }
  return [...standing].toSorted(([, a], [, b]) => a - b).map(([emoji]) => emoji);
}

function standingAmong(changes: readonly ChangeFact[]): Reaction[] {
  const standing = new Map<string, Reaction>();
  for (const change of changes) {
    const of = `${change.actor} ${change.emoji}`;
    if (change.kind === 'unreacted') standing.delete(of);
    if (change.kind === 'reacted' && !standing.has(of)) standing.set(of, reactionOf(change));
  }
  return [...standing.values()];
}

const reactionOf = ({ rev, emoji = '', actor, seq, at }: ChangeFact): Reaction => ({
  rev,
  emoji,
  userId: actor,
  seq,
  at,
});
