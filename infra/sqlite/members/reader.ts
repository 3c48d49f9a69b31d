import type { Role } from '../../../events/chat.ts';
import type { ChatSettings, MembersReader, Stay } from '../../../queries/members/view.ts';
import type { Database } from '../database.ts';
import type { KeyReader } from '../views/interning.ts';
import { type Generation, tableName } from '../views/tables.ts';

interface Span {
  to: number | null;
  since: number;
  role: Role;
}

interface Deps {
  db: Database;
  generation: Generation;
  chats: KeyReader;
}

export function membersReader({ db, generation, chats }: Deps): MembersReader {
  const t = (name: string) => tableName(`members_${name}`, generation);
  const settings = db.prepare<ChatSettings>(
    `SELECT kind, history_visibility AS historyVisibility, past_content AS pastContent, head_seq AS headSeq
      FROM ${t('chats')} WHERE chat = ?`,
  );
  const spans = db.prepare<Span>(
    `SELECT to_seq AS "to", since_seq AS since, role FROM ${t('spans')} WHERE chat = ? AND user_id = ? ORDER BY from_seq`,
  );
  const asOf = db.prepare<{ userId: string; role: Role; sinceSeq: number }>(
    `SELECT user_id AS userId, role, since_seq AS sinceSeq FROM ${t('spans')}
      WHERE chat = ? AND user_id > ? AND from_seq <= ? AND (to_seq IS NULL OR to_seq > ?) ORDER BY user_id LIMIT ?`,
  );
  const frame = db.prepare<{ title: string | null; memberCount: number }>(
    `SELECT title, member_count AS memberCount FROM ${t('frames')} WHERE chat = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`,
  );

  return {
    async settings(chatId) {
      const chat = chats.key(chatId);
      const row = chat === null ? undefined : settings.get(chat);
      return row ? { ...row } : null;
    },
    async stays(chatId, userId) {
      const chat = chats.key(chatId);
      return staysOf(chat === null ? [] : spans.all(chat, userId));
    },
    async membersAsOf(chatId, { through, after = '', limit }) {
      const chat = chats.key(chatId);
      return chat === null ? [] : asOf.all(chat, after, through, through, limit).map((row) => ({ ...row }));
    },
    async frameAsOf(chatId, through) {
      const chat = chats.key(chatId);
      const row = chat === null ? undefined : frame.get(chat, through);
      return row ? { ...row } : { title: null, memberCount: 0 };
    },
  };
}

/** Spans of one role each, joined to the stays that they are parts of. */
function staysOf(spans: readonly Span[]): { role: Role | null; stays: Stay[] } {
  const stays: Stay[] = [];
  let role: Role | null = null;
  for (const span of spans) {
    const last = stays.at(-1);
    if (last?.from === span.since) last.to = span.to;
    else stays.push({ from: span.since, to: span.to });
    role = span.to === null ? span.role : null;
  }
  return { role, stays };
}
