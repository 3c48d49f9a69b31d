import type { ChatHistoryWriter } from '../../../projections/chat-history/ports.ts';
import type { ChangeFact, SentFact } from '../../../queries/chat-history/view.ts';
import type { Database } from '../database.ts';
import type { KeyWriter } from '../views/interning.ts';
import { type Generation, tableName } from '../views/tables.ts';
import { foldState, moreOf } from './rows.ts';
import { factsOf, messageStatements, OVERFLOW_AFTER_REV } from './statements.ts';

/** How many chats' heads are kept between batches. */
const CHATS_CACHED_MAX = 100_000;

interface Chat {
  readonly key: number;
  head: number;
  dirty: boolean;
}

interface Deps {
  db: Database;
  generation: Generation;
  chats: KeyWriter;
  users: KeyWriter;
}

export function chatHistoryWriter({ db, generation, chats, users }: Deps): ChatHistoryWriter<Chat> {
  const sql = { ...writeStatements(db, generation), read: messageStatements(db, generation) };
  const known = new Map<string, Chat>();
  const dirty: Chat[] = [];

  const facts = (chat: Chat, messageSeq: number) => {
    const row = sql.read.one.get(chat.key, messageSeq);
    return row ? factsOf(sql.read, { chat: chat.key, row, through: Number.MAX_SAFE_INTEGER }, users.id) : null;
  };

  return {
    chat(chatId) {
      const cached = known.get(chatId);
      if (cached) return cached;
      const key = chats.key(chatId);
      const chat = { key, head: sql.head.get(key)?.[0] ?? 0, dirty: false };
      known.set(chatId, chat);
      return chat;
    },
    advance(chat, seq) {
      chat.head = seq;
      if (chat.dirty) return;
      chat.dirty = true;
      dirty.push(chat);
    },
    sent({ key }, fact: SentFact) {
      const { seq, number, messageId, senderId, at, text } = fact;
      const more = moreOf(fact);
      // `get` makes no record of what has changed, and a NULL in the statement none to bind: these are most of all rows.
      if (more === null) sql.plain.get(key, seq, number, messageId, users.key(senderId), at, text);
      else sql.message.get(key, seq, number, messageId, users.key(senderId), at, text, more);
    },
    changed: ({ key }, fact) => writeChange(sql, { key, user: users.key(fact.actor), fact }),
    folded({ key }, fact) {
      if (fact.rev === OVERFLOW_AFTER_REV) spillReactions(sql, key, fact.messageSeq);
      sql.fold.run(key, fact.messageSeq, fact.seq, fact.rev, foldState(fact, users.key));
    },
    command: ({ key }, id, seq) => void sql.command.get(key, id, seq),
    facts,
    standing: ({ key }, { messageSeq, emoji, limit }) =>
      sql.standing.all(key, messageSeq, emoji, limit).map(([user]) => users.id(user)),
    flush() {
      for (const chat of dirty) {
        sql.advance.run(chat.key, chat.head);
        chat.dirty = false;
      }
      dirty.length = 0;
      if (known.size > CHATS_CACHED_MAX) known.clear();
    },
    reset() {
      dirty.length = 0;
      known.clear();
    },
  };
}

function writeStatements(db: Database, generation: Generation) {
  const t = (name: string) => tableName(`chat_history_${name}`, generation);
  const change = (table: string) => db.prepare(`INSERT INTO ${t(table)} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  return {
    head: db.prepare<[number]>(`SELECT head FROM ${t('heads')} WHERE chat = ?`, { arrays: true }),
    advance: db.prepare(`INSERT INTO ${t('heads')} VALUES (?, ?) ON CONFLICT DO UPDATE SET head = excluded.head`),
    message: db.prepare(`INSERT INTO ${t('messages')} VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
    plain: db.prepare(`INSERT INTO ${t('messages')} VALUES (?, ?, ?, ?, ?, ?, ?, NULL)`),
    change: change('changes'),
    overflow: change('overflow'),
    fold: db.prepare(`INSERT INTO ${t('folds')} VALUES (?, ?, ?, ?, ?)`),
    command: db.prepare(`INSERT INTO ${t('commands')} VALUES (?, ?, ?)`),
    spilled: db.prepare<[rev: number, seq: number, at: number, actor: number, kind: string, emoji: string]>(
      `SELECT rev, seq, at, actor, kind, body FROM ${t('changes')}
        WHERE chat = ? AND message_seq = ? AND kind IN ('reacted', 'unreacted') ORDER BY rev`,
      { arrays: true },
    ),
    reacted: db.prepare(
      `INSERT INTO ${t('reactions')} SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL WHERE NOT EXISTS (SELECT 1 FROM
        ${t('reactions')} WHERE chat = ?1 AND message_seq = ?2 AND user = ?3 AND emoji = ?4 AND gone_seq IS NULL)`,
    ),
    unreacted: db.prepare(
      `UPDATE ${t('reactions')} SET gone_seq = ? WHERE chat = ? AND message_seq = ? AND user = ? AND emoji = ? AND gone_seq IS NULL`,
    ),
    standing: db.prepare<[number]>(
      `SELECT user FROM ${t('reactions')}
        WHERE chat = ? AND message_seq = ? AND emoji = ? AND gone_seq IS NULL ORDER BY rev LIMIT ?`,
      { arrays: true },
    ),
  };
}
type WriteStatements = ReturnType<typeof writeStatements>;

function writeChange(sql: WriteStatements, { key, user, fact }: { key: number; user: number; fact: ChangeFact }): void {
  const { messageSeq, rev, seq, at, kind, text, emoji, mentions } = fact;
  const named = mentions && mentions.length > 0 ? JSON.stringify(mentions) : null;
  const table = rev > OVERFLOW_AFTER_REV ? sql.overflow : sql.change;
  table.get(key, messageSeq, rev, seq, at, user, kind, text ?? emoji ?? null, named);
  if (rev <= OVERFLOW_AFTER_REV || emoji === undefined) return;
  if (kind === 'reacted') sql.reacted.run(key, messageSeq, user, emoji, rev, seq, at);
  else sql.unreacted.run(seq, key, messageSeq, user, emoji);
}

/** A message's first fold: from now on its reactions are found by user and by rev, however many come. */
function spillReactions(sql: WriteStatements, key: number, messageSeq: number): void {
  for (const [rev, seq, at, user, kind, emoji] of sql.spilled.all(key, messageSeq)) {
    if (kind === 'reacted') sql.reacted.run(key, messageSeq, user, emoji, rev, seq, at);
    else sql.unreacted.run(seq, key, messageSeq, user, emoji);
  }
}
