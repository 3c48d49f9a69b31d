import type { ChatEvent } from '../../events/chat.ts';
import type { MessageView } from '../../events/chat-view.ts';
import type { ChatId } from '../../events/ids.ts';
import { REACTION_USERS_SHOWN } from '../../events/limits.ts';
import type {
  ChangeFact,
  ChatHistoryReader,
  FoldFact,
  MessageFacts,
  SentFact,
} from '../../queries/chat-history/view.ts';
import type { ChatLogReader } from '../../queries/chat-log/view.ts';
import { eventsOf, foldOf, type NaiveState } from './naive-state.ts';

type Sent = ChatEvent & { type: 'MessageSent' };
const KIND = {
  MessageEdited: 'edited',
  MessageDeleted: 'deleted',
  ReactionAdded: 'reacted',
  ReactionRemoved: 'unreacted',
} as const;

function sentFact({ seq, actor, at, data }: Sent): SentFact {
  const { number, messageId, text, replyTo, mentions, files, origin } = data;
  return {
    seq,
    number,
    messageId,
    senderId: actor,
    at: Date.parse(at),
    text,
    ...(replyTo ? { replyTo } : {}),
    ...(mentions === undefined ? {} : { mentions }),
    ...(files === undefined ? {} : { files }),
    ...(origin === undefined ? {} : { origin }),
  };
}

function changesOf(events: readonly ChatEvent[], messageSeq: number): ChangeFact[] {
  return events.flatMap((event): ChangeFact[] => {
    if (!(event.type in KIND) || !('messageSeq' in event.data) || event.data.messageSeq !== messageSeq) return [];
    const { rev } = event.data;
    const fact = { messageSeq, rev, seq: event.seq, at: Date.parse(event.at), actor: event.actor };
    const kind = KIND[event.type as keyof typeof KIND];
    if (event.type === 'MessageEdited') {
      return [
        {
          ...fact,
          kind,
          text: event.data.text,
          ...(event.data.mentions === undefined ? {} : { mentions: event.data.mentions }),
        },
      ];
    }
    return 'emoji' in event.data ? [{ ...fact, kind, emoji: event.data.emoji }] : [{ ...fact, kind }];
  });
}

/** The state after a message's change `rev`, as the view would keep it: as few names as it may. */
function foldFact(
  events: readonly ChatEvent[],
  of: { message: Sent; change: ChangeFact; foldEvery: number },
): FoldFact {
  const chat = foldOf(
    of.message.chatId,
    events.filter(({ seq }) => seq <= of.change.seq),
  );
  const view = chat.messages.get(of.message.data.messageId) as MessageView;
  const kept = REACTION_USERS_SHOWN + of.foldEvery;
  return {
    messageSeq: view.seq,
    rev: view.rev,
    seq: of.change.seq,
    text: view.text,
    mentions: [...view.mentions],
    editedAt: view.editedAt === null ? null : Date.parse(view.editedAt),
    deleted: view.deleted,
    reactions: view.reactions.map(({ emoji, userIds }) => ({
      emoji,
      count: userIds.length,
      first: userIds.slice(0, kept),
    })),
  };
}

function factsOf(events: readonly ChatEvent[], message: Sent, foldEvery: number): MessageFacts {
  const changes = changesOf(events, message.seq);
  const folded = Math.floor(changes.length / foldEvery) * foldEvery;
  const change = changes[folded - 1];
  if (change === undefined) return { sent: sentFact(message), fold: null, changes };
  return {
    sent: sentFact(message),
    fold: foldFact(events, { message, change, foldEvery }),
    changes: changes.slice(folded),
  };
}

/** The last change by which each reaction that stands came to stand. */
function standingReactions(changes: readonly ChangeFact[]): ChangeFact[] {
  const standing = new Map<string, ChangeFact>();
  for (const change of changes) {
    const key = `${change.emoji} ${change.actor}`;
    if (change.kind === 'reacted') standing.set(key, change);
    if (change.kind === 'unreacted') standing.delete(key);
    if (change.kind === 'deleted') standing.clear();
  }
  return [...standing.values()].toSorted((a, b) => a.rev - b.rev);
}

export function naiveChatHistory(state: NaiveState, foldEvery: number): ChatHistoryReader {
  const sentIn = (events: readonly ChatEvent[]): Sent[] =>
    events.filter((event): event is Sent => event.type === 'MessageSent');
  const changes = (chatId: ChatId, messageSeq: number, through: number): ChangeFact[] =>
    changesOf(eventsOf(state, chatId, { through }), messageSeq);
  return {
    page: async (chatId, page) => {
      const events = eventsOf(state, chatId, page);
      const rows = sentIn(events).filter(
        ({ seq }) => seq < (page.before ?? Number.POSITIVE_INFINITY) && seq > (page.after ?? 0),
      );
      const taken = page.after === undefined ? rows.slice(-page.limit) : rows.slice(0, page.limit);
      return taken.map((message) => factsOf(events, message, foldEvery));
    },
    messages: async (chatId, seqs, through) => {
      const events = eventsOf(state, chatId, { through });
      return sentIn(events)
        .filter(({ seq }) => seqs.includes(seq))
        .map((message) => factsOf(events, message, foldEvery));
    },
    seqOf: async (chatId, messageId) =>
      sentIn(eventsOf(state, chatId)).find(({ data }) => data.messageId === messageId)?.seq ?? null,
    textChanges: async (chatId, messageSeq, through) =>
      changes(chatId, messageSeq, through).filter(({ kind }) => kind === 'edited' || kind === 'deleted'),
    changes: async (chatId, messageSeq, page) =>
      changes(chatId, messageSeq, page.through)
        .filter(({ rev }) => rev > page.afterRev)
        .slice(0, page.limit),
    deletedAmong: async (chatId, seqs, through) =>
      new Set(seqs.filter((seq) => changes(chatId, seq, through).some(({ kind }) => kind === 'deleted'))),
    reactions: async (chatId, messageSeq, page) => {
      const rows = standingReactions(changes(chatId, messageSeq, page.through))
        .filter(({ rev, emoji }) => rev > page.afterRev && (page.emoji === undefined || emoji === page.emoji))
        .map(({ rev, emoji = '', actor, seq, at }) => ({ rev, emoji, userId: actor, seq, at }));
      const taken = rows.slice(0, page.limit);
      return { reactions: taken, nextRev: rows.length > page.limit ? (taken.at(-1)?.rev ?? null) : null };
    },
    emojisOf: async (chatId, messageSeq, userId, through) =>
      standingReactions(changes(chatId, messageSeq, through))
        .filter(({ actor }) => actor === userId)
        .map(({ emoji = '' }) => emoji),
    numberThrough: async (chatId, through) => sentIn(eventsOf(state, chatId, { through })).length,
    head: async (chatId) => eventsOf(state, chatId).at(-1)?.seq ?? 0,
  };
}

/** The log itself, never behind, or a view of it that can lag. */
export const naiveChatLog = (state: NaiveState, lags: boolean): ChatLogReader => {
  const pinOf = (event: ChatEvent | undefined): { seq: number; at: string } | null =>
    event ? { seq: event.seq, at: event.at } : null;
  const all = (chatId: ChatId): ChatEvent[] => eventsOf(state, chatId, { log: !lags });
  return {
    events: async (chatId, page) =>
      all(chatId)
        .filter(({ seq }) => seq > page.after && seq <= (page.through ?? Number.POSITIVE_INFINITY))
        .slice(0, page.limit),
    head: async (chatId) => pinOf(all(chatId).at(-1)),
    atOf: async (chatId, seq) => all(chatId).find((event) => event.seq === seq)?.at ?? null,
    seqAt: async (chatId, time) => pinOf(all(chatId).findLast(({ at }) => Date.parse(at) <= time)),
  };
};
