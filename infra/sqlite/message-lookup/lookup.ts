import type { LookedUp, LookedUpMessage, LookupQuery, MessageLookup } from '../../../commands/ports.ts';
import type { MessageFacts } from '../../../queries/chat-history/view.ts';
import { stateOf } from '../../message-lookup/state.ts';
import { emojisOf } from '../chat-history/reactions.ts';
import { messageStatements, withChanges } from '../chat-history/statements.ts';
import type { Database } from '../database.ts';
import type { KeyReader } from '../views/interning.ts';
import type { Snapshot } from '../views/snapshot.ts';
import { type Generation, tableName } from '../views/tables.ts';

interface Deps {
  db: Database;
  generation: Generation;
  chats: KeyReader;
  users: KeyReader;
  snapshot: Snapshot;
}

/** Where ids lie that a chat's writer no longer holds: the chat-history view, as far as it has come. */
export function messageLookup({ db, generation, chats, users, snapshot }: Deps): MessageLookup {
  const arrays = { arrays: true };
  const t = (name: string) => tableName(`chat_history_${name}`, generation);
  const head = db.prepare<[number]>(`SELECT head FROM ${t('heads')} WHERE chat = ?`, arrays);
  const sent = db.prepare<[number]>(`SELECT seq FROM ${t('messages')} WHERE chat = ? AND message_id = ?`, arrays);
  const done = db.prepare<[number | null]>(
    `SELECT min(seq) FROM ${t('commands')} WHERE chat = ? AND command_id = ?`,
    arrays,
  );
  const read = messageStatements(db, generation);
  const emojis = emojisOf(db, generation);

  function message(chat: number, seq: number, query: LookupQuery): LookedUpMessage | null {
    const row = read.one.get(chat, seq);
    if (!row) return null;
    const all = Number.MAX_SAFE_INTEGER;
    const changes = read.changes.all(chat, seq, seq, all);
    const facts: MessageFacts = withChanges(read, { chat, row, changes, through: all }, users.id);
    const state = stateOf(facts);
    const asked = state.deleted ? [] : query.reactions.filter(({ messageId }) => messageId === facts.sent.messageId);
    const reacted = asked
      .filter(({ userId, emoji }) => {
        const user = users.key(userId);
        return user !== null && emojis({ chat, messageSeq: seq, user, through: all }).includes(emoji);
      })
      .map(({ userId, emoji }) => ({ userId, emoji }));
    return { ...state, reacted };
  }

  return {
    async find(query) {
      const chat = chats.key(query.chatId);
      if (chat === null) return { throughSeq: 0, found: new Map() };
      // One moment for all of it: an id that is not found is not in events 1..throughSeq.
      return snapshot(() => {
        const found = new Map<string, LookedUp>();
        for (const id of query.ids) {
          const seq = sent.get(chat, id)?.[0];
          if (seq !== undefined) {
            found.set(id, { seq, message: message(chat, seq, query) });
            continue;
          }
          const command = done.get(chat, id)?.[0];
          if (typeof command === 'number') found.set(id, { seq: command, message: null });
        }
        return { throughSeq: head.get(chat)?.[0] ?? 0, found };
      });
    },
  };
}
