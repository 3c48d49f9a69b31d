import type { LookedUp, LookedUpMessage, LookupAnswer, LookupQuery, MessageLookup } from '../../../commands/ports.ts';
import type { ChatHistoryReader } from '../../../queries/chat-history/view.ts';
import { stateOf } from '../../message-lookup/state.ts';
import type { Cassandra } from '../cassandra.ts';
import { readHead } from '../chat-history/heads.ts';
import { type FoundId, seqOfId } from '../chat-history/ids.ts';
import { chatHistoryReader } from '../chat-history/reader.ts';

const NOTHING_KNOWN: LookupAnswer = { throughSeq: 0, found: new Map() };

/**
 * Where ids lie that a chat's writer no longer holds: chat history, as far as it has come. The head is read before all
 * else, and what lies beyond it left out, so that the answer is that of one moment though it takes several reads.
 */
export const messageLookup = (cassandra: Cassandra): MessageLookup => ({ find: (query) => findIn(cassandra, query) });

async function findIn(cassandra: Cassandra, query: LookupQuery): Promise<LookupAnswer> {
  const reader = chatHistoryReader(cassandra);
  const { chatId, ids } = query;
  const throughSeq = (await readHead(cassandra, chatId))?.seq ?? 0;
  if (throughSeq === 0) return NOTHING_KNOWN;
  const seqs = await Promise.all(
    [...new Set(ids)].map(async (id) => [id, await seqOfId(cassandra, chatId, id)] as const),
  );
  const known = seqs.filter((each): each is [string, FoundId] => each[1] !== null && each[1].seq <= throughSeq);
  const messages = await messagesOf(reader, query, { known, throughSeq });
  // Where the chat is being mended, its head went first: an id that was not found may be there after all.
  if (((await readHead(cassandra, chatId))?.seq ?? 0) < throughSeq) return NOTHING_KNOWN;
  const found = known.map(([id, { seq, message }]): [string, LookedUp] => [
    id,
    { seq, message: (message ? messages.get(seq) : null) ?? null },
  ]);
  return { throughSeq, found: new Map(found) };
}

async function messagesOf(
  reader: ChatHistoryReader,
  { chatId, reactions }: LookupQuery,
  { known, throughSeq }: { known: readonly [string, FoundId][]; throughSeq: number },
): Promise<Map<number, LookedUpMessage>> {
  const seqs = known.filter(([, { message }]) => message).map(([, { seq }]) => seq);
  const all = await reader.messages(chatId, seqs, throughSeq);
  const messages = all.map(async (facts): Promise<[number, LookedUpMessage]> => {
    const state = stateOf(facts);
    const asked = state.deleted ? [] : reactions.filter(({ messageId }) => messageId === facts.sent.messageId);
    const users = [...new Set(asked.map(({ userId }) => userId))];
    const emojis = await Promise.all(
      users.map((userId) => reader.emojisOf(chatId, facts.sent.seq, userId, throughSeq)),
    );
    const standing = new Map(users.map((userId, n) => [userId, emojis[n]]));
    const reacted = asked
      .filter(({ userId, emoji }) => standing.get(userId)?.includes(emoji))
      .map(({ userId, emoji }) => ({ userId, emoji }));
    return [facts.sent.seq, { ...state, reacted }];
  });
  return new Map(await Promise.all(messages));
}
