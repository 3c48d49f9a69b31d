import type { ChatId } from '../../../events/ids.ts';
import type { ChatHistoryReader } from '../../../queries/chat-history/view.ts';
import { type Cassandra, readAll } from '../cassandra.ts';
import { intOf } from '../row.ts';
import { changeFact } from './facts.ts';
import { readHead } from './heads.ts';
import { seqOfId } from './ids.ts';
import { earlyChanges, factsOf, inBuckets, messagesDown, messagesNamed, messagesUp } from './messages.ts';
import { changesBeyond } from './overflow.ts';
import { EARLY_REVS } from './places.ts';
import { emojisOfUser, standingReactions } from './reactions.ts';

const DELETIONS =
  'SELECT message_seq, seq FROM chat_history_deletions WHERE chat = ? AND bucket = ? AND message_seq IN ?';
const TEXTS = `SELECT rev, seq, at, actor, kind, body, mentions FROM chat_history_texts WHERE chat = ? AND message_seq = ?`;

/**
 * Chat history out of Cassandra. What is asked `through` a seq beyond the chat's head may be half written: callers pin
 * to the head, or ask only for what a later write cannot take back.
 */
export const chatHistoryReader = (cassandra: Cassandra): ChatHistoryReader => ({
  ...messagesReader(cassandra),
  ...changesReader(cassandra),
});

type OfMessages = Pick<ChatHistoryReader, 'page' | 'messages' | 'seqOf' | 'numberThrough' | 'head'>;

/** Messages as they stand at some point. */
const messagesReader = (cassandra: Cassandra): OfMessages => ({
  async page(chatId, { through, limit, before, after }) {
    const top = Math.min(through, (before ?? through + 1) - 1);
    const found =
      after === undefined
        ? top < 1
          ? []
          : await messagesDown(cassandra, { chatId, top, limit })
        : await messagesUp(cassandra, { chatId, after: Math.max(0, after), through, limit });
    const facts = await Promise.all(found.map((message) => factsOf(cassandra, { chatId, found: message, through })));
    return facts.flat();
  },
  async messages(chatId, seqs, through) {
    const wanted = seqs.filter((seq) => seq >= 1 && seq <= through);
    const found = await messagesNamed(cassandra, chatId, wanted);
    const facts = await Promise.all(found.map((message) => factsOf(cassandra, { chatId, found: message, through })));
    return facts.flat();
  },
  async seqOf(chatId, messageId) {
    const [head, found] = await Promise.all([readHead(cassandra, chatId), seqOfId(cassandra, chatId, messageId)]);
    return found?.message && found.seq <= (head?.seq ?? 0) ? found.seq : null;
  },
  async numberThrough(chatId, through) {
    const [last] = through < 1 ? [] : await messagesDown(cassandra, { chatId, top: through, limit: 1 });
    const sent = last?.rows.find((row) => intOf(row, 'rev') === 1);
    return sent ? intOf(sent, 'number') : 0;
  },
  head: async (chatId) => (await readHead(cassandra, chatId))?.seq ?? 0,
});

/** What became of messages. */
const changesReader = (cassandra: Cassandra): Omit<ChatHistoryReader, keyof OfMessages> => ({
  async textChanges(chatId, messageSeq, through) {
    const early = await earlyChanges(cassandra, { chatId, messageSeq }, through);
    const late = early.length < EARLY_REVS - 1 ? [] : await readAll(cassandra, TEXTS, [chatId, messageSeq]);
    const changes = [...early, ...late.map((row) => changeFact(row, messageSeq))];
    return changes.filter(({ kind, seq }) => (kind === 'edited' || kind === 'deleted') && seq <= through);
  },
  async changes(chatId, messageSeq, { afterRev, through, limit }) {
    const message = { chatId, messageSeq };
    const early = afterRev >= EARLY_REVS ? [] : await earlyChanges(cassandra, message, through);
    const found = early.filter(({ rev }) => rev > afterRev).slice(0, limit);
    if (afterRev < EARLY_REVS && early.length < EARLY_REVS - 1) return found;
    const beyond = { afterRev, through, limit: limit - found.length };
    for await (const changes of changesBeyond(cassandra, message, beyond)) found.push(...changes);
    return found;
  },
  deletedAmong: (chatId, messageSeqs, through) => deletedAmong(cassandra, { chatId, messageSeqs, through }),
  async reactions(chatId, messageSeq, page) {
    const [deleted, found] = await Promise.all([
      deletedAmong(cassandra, { chatId, messageSeqs: [messageSeq], through: page.through }),
      standingReactions(cassandra, { chatId, messageSeq }, page),
    ]);
    return deleted.has(messageSeq) ? { reactions: [], nextRev: null } : found;
  },
  async emojisOf(chatId, messageSeq, userId, through) {
    const [deleted, found] = await Promise.all([
      deletedAmong(cassandra, { chatId, messageSeqs: [messageSeq], through }),
      emojisOfUser(cassandra, { chatId, messageSeq }, { userId, through }),
    ]);
    return deleted.has(messageSeq) ? [] : found;
  },
});

async function deletedAmong(
  cassandra: Cassandra,
  of: { chatId: ChatId; messageSeqs: readonly number[]; through: number },
): Promise<ReadonlySet<number>> {
  const reads = inBuckets(of.messageSeqs).map(([bucket, seqs]) =>
    readAll(cassandra, DELETIONS, [of.chatId, bucket, seqs]),
  );
  const rows = (await Promise.all(reads)).flat();
  return new Set(rows.filter((row) => intOf(row, 'seq') <= of.through).map((row) => intOf(row, 'message_seq')));
}
