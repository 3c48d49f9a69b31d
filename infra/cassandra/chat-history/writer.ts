import type { ChatHistoryWriter } from '../../../projections/chat-history/ports.ts';
import type { PendingRows } from '../pending-rows.ts';
import { applyChange, type Folding, folded, foldingOf, namesOf } from './folding.ts';
import type { OpenChat, OpenChats } from './open-chats.ts';
import { bucketOf } from './places.ts';
import { addBucket, addChange, addFold, addId, addSent } from './statements.ts';

/** Gathers rows, and answers from what was loaded: nothing is read or written in between. */
export const chatHistoryWriter = (chats: OpenChats, rows: PendingRows): ChatHistoryWriter<OpenChat> => ({
  chat: (chatId) => chats.get(chatId),
  advance(chat, seq) {
    chat.head = seq;
    chat.advanced = true;
  },
  sent(chat, fact) {
    const bucket = bucketOf(fact.seq);
    if (chat.bucket !== bucket) addBucket(rows, chat.chatId, bucket);
    chat.bucket = bucket;
    addSent(rows, chat.chatId, fact);
    if (chat.foldings.has(fact.seq)) chat.foldings.set(fact.seq, foldingOf({ sent: fact, fold: null, changes: [] }));
  },
  changed(chat, fact) {
    addChange(rows, chat.chatId, fact);
    const folding = chat.foldings.get(fact.messageSeq);
    if (folding) applyChange(folding, fact);
  },
  folded(chat, fact) {
    addFold(rows, chat.chatId, { fact, namesThrough: folded(loaded(chat, fact.messageSeq), fact) });
  },
  command: (chat, id, seq) => addId(rows, chat.chatId, { id, seq, message: false }),
  facts: (chat, messageSeq) => loaded(chat, messageSeq).facts,
  standing: (chat, { messageSeq, ...asked }) => namesOf(loaded(chat, messageSeq), asked),
  flush: () => undefined,
  reset: () => undefined,
});

function loaded(chat: OpenChat, messageSeq: number): Folding {
  const folding = chat.foldings.get(messageSeq);
  if (!folding) throw new Error(`message ${messageSeq} of chat ${chat.chatId} was not loaded`);
  return folding;
}
