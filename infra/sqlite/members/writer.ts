import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../../events/chat.ts';
import type { MembersChat, MembersWriter } from '../../../projections/members/ports.ts';
import type { Database } from '../database.ts';
import type { KeyWriter } from '../views/interning.ts';
import { type Generation, tableName } from '../views/tables.ts';

/** How many chats are kept between batches. */
const CHATS_CACHED_MAX = 100_000;

interface Chat extends MembersChat {
  readonly key: number;
  dirty: boolean;
}

interface Deps {
  db: Database;
  generation: Generation;
  chats: KeyWriter;
}

export function membersWriter({ db, generation, chats }: Deps): MembersWriter<Chat> {
  const sql = statements(db, generation);
  const known = new Map<string, Chat>();
  const dirty: Chat[] = [];

  return {
    chat(chatId) {
      let chat = known.get(chatId);
      if (!chat) {
        const key = chats.key(chatId);
        const settings = sql.chat.get(key) ?? NEW_CHAT;
        const frame = sql.lastFrame.get(key) ?? { title: null, memberCount: 0 };
        chat = { ...settings, ...frame, chatId, key, dirty: false };
        known.set(chatId, chat);
      }
      return chat;
    },
    touch(chat) {
      if (chat.dirty) return;
      chat.dirty = true;
      dirty.push(chat);
    },
    present: ({ key }, userId) => sql.present.get(key, userId) ?? null,
    open: ({ key }, { userId, from, since, role }) => void sql.open.run(key, userId, from, since, role),
    close: ({ key }, { userId, from }, to) => void sql.close.run(to, key, userId, from),
    frame: ({ key, title, memberCount }, seq) => void sql.frame.run(key, seq, title, memberCount),
    flush() {
      for (const chat of dirty) {
        sql.store.run(chat.key, chat.kind, chat.historyVisibility, chat.pastContent, chat.headSeq);
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

const NEW_CHAT = {
  kind: 'group' as ChatKind,
  historyVisibility: 'all' as HistoryVisibility,
  pastContent: 'then' as PastContent,
  headSeq: 0,
};

function statements(db: Database, generation: Generation) {
  const chats = tableName('members_chats', generation);
  const spans = tableName('members_spans', generation);
  const frames = tableName('members_frames', generation);
  return {
    chat: db.prepare<typeof NEW_CHAT>(
      `SELECT kind, history_visibility AS historyVisibility, past_content AS pastContent, head_seq AS headSeq
        FROM ${chats} WHERE chat = ?`,
    ),
    store: db.prepare(`REPLACE INTO ${chats} VALUES (?, ?, ?, ?, ?)`),
    present: db.prepare<{ userId: string; from: number; since: number; role: Role }>(
      `SELECT user_id AS userId, from_seq AS "from", since_seq AS since, role FROM ${spans}
        WHERE chat = ? AND user_id = ? AND to_seq IS NULL ORDER BY from_seq DESC LIMIT 1`,
    ),
    open: db.prepare(`INSERT INTO ${spans} VALUES (?, ?, ?, NULL, ?, ?)`),
    close: db.prepare(`UPDATE ${spans} SET to_seq = ? WHERE chat = ? AND user_id = ? AND from_seq = ?`),
    lastFrame: db.prepare<{ title: string | null; memberCount: number }>(
      `SELECT title, member_count AS memberCount FROM ${frames} WHERE chat = ? ORDER BY seq DESC LIMIT 1`,
    ),
    frame: db.prepare(`INSERT INTO ${frames} VALUES (?, ?, ?, ?)`),
  };
}
