import type { ChatEvent } from '../../events/chat.ts';
import type { MessageId, UserId } from '../../events/ids.ts';
import type { Diff } from '../api.ts';
import { visibleReactions } from '../chat-history/reactions.ts';
import type { QueryDeps } from '../deps.ts';
import type { Viewer } from '../viewer.ts';
import { spanAt } from '../visibility/index.ts';

type ReactionEvent = ChatEvent & { type: 'ReactionAdded' | 'ReactionRemoved' };

interface Change {
  messageSeq: number;
  messageId: MessageId;
  emoji: string;
  userId: UserId;
  stoodBefore: boolean;
  standsAfter: boolean;
}

/** The net change of the reactions to messages that stand at both points. */
export async function reactionDiff(
  deps: QueryDeps,
  viewer: Viewer,
  of: { seen: readonly ChatEvent[]; alive: ReadonlySet<number>; from: number },
): Promise<Diff['reactions']> {
  const events = of.seen.filter(
    (event): event is ReactionEvent => isReaction(event) && of.alive.has(event.data.messageSeq),
  );
  const known = await knownBefore(deps, viewer, { events, from: of.from });
  const changes = new Map<string, Change>();
  for (const event of events) {
    const { messageSeq, messageId, emoji } = event.data;
    const key = pairKey(messageSeq, emoji, event.actor);
    const standsAfter = event.type === 'ReactionAdded';
    const change = changes.get(key);
    if (change !== undefined) change.standsAfter = standsAfter;
    else {
      // Nobody reacts twice or takes back what is not there, so the first event tells what was before it.
      const stoodBefore = known.get(messageSeq)?.has(key) ?? !standsAfter;
      changes.set(key, { messageSeq, messageId, emoji, userId: event.actor, stoodBefore, standsAfter });
    }
  }
  return listed([...changes.values()].filter(({ stoodBefore, standsAfter }) => stoodBefore !== standsAfter));
}

const isReaction = (event: ChatEvent): event is ReactionEvent =>
  event.type === 'ReactionAdded' || event.type === 'ReactionRemoved';

const pairKey = (messageSeq: number, emoji: string, userId: UserId): string => `${messageSeq} ${emoji} ${userId}`;

/** What stood before on the messages that the viewer was away for: there the first event they see tells nothing. */
async function knownBefore(
  deps: QueryDeps,
  viewer: Viewer,
  of: { events: readonly ReactionEvent[]; from: number },
): Promise<Map<number, Set<string>>> {
  const seqs = new Set(of.events.map(({ data }) => data.messageSeq));
  const away = [...seqs].filter((seq) => (spanAt(viewer.sight, seq)?.to ?? null) !== null);
  const known = await Promise.all(
    away.map(async (messageSeq): Promise<[number, Set<string>]> => {
      const standing = await visibleReactions(deps, viewer, { messageSeq, through: of.from });
      return [messageSeq, new Set(standing.map(({ emoji, userId }) => pairKey(messageSeq, emoji, userId)))];
    }),
  );
  return new Map(known);
}

function listed(changes: readonly Change[]): Diff['reactions'] {
  const byEmoji = new Map<string, Diff['reactions'][number]>();
  for (const { messageSeq, messageId, emoji, userId, standsAfter } of changes.toSorted(
    (a, b) => a.messageSeq - b.messageSeq,
  )) {
    const key = `${messageSeq} ${emoji}`;
    const entry = byEmoji.get(key) ?? { messageId, emoji, added: [], removed: [] };
    byEmoji.set(key, entry);
    (standsAfter ? entry.added : entry.removed).push(userId);
  }
  return [...byEmoji.values()];
}
