import type { Role } from '../../../events/chat.ts';
import type { UserId } from '../../../events/ids.ts';
import type { ChatSettings, MembersReader, Stay } from '../../../queries/members/view.ts';
import type { Postgres } from '../pool.ts';

interface Span {
  to: number | null;
  since: number;
  role: Role;
}

const SETTINGS = {
  name: 'members-settings',
  text: `SELECT kind, history_visibility AS "historyVisibility", past_content AS "pastContent", head_seq AS "headSeq"
    FROM user_chats_chats WHERE chat_id = $1`,
};
const SPANS = {
  name: 'members-spans',
  text: `SELECT to_seq AS "to", since_seq AS since, role FROM members_spans
    WHERE chat_id = $1 AND user_id = $2 ORDER BY from_seq`,
};
const AS_OF = `SELECT user_id AS "userId", role, since_seq AS "sinceSeq" FROM members_spans
  WHERE chat_id = $1 AND user_id > $2 AND from_seq <= $3 AND (to_seq IS NULL OR to_seq > $3) ORDER BY user_id LIMIT $4`;
const FRAME = {
  name: 'members-frame',
  text: `SELECT title, member_count AS "memberCount" FROM members_frames
    WHERE chat_id = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1`,
};

export function membersReader(postgres: Postgres): MembersReader {
  return {
    async settings(chatId) {
      const [row] = await postgres.query<ChatSettings>(SETTINGS, [chatId]);
      return row ?? null;
    },
    stays: async (chatId, userId) => staysOf(await postgres.query<Span>(SPANS, [chatId, userId])),
    membersAsOf: (chatId, { through, after = '', limit }) =>
      postgres.query<{ userId: UserId; role: Role; sinceSeq: number }>(AS_OF, [chatId, after, through, limit]),
    async frameAsOf(chatId, through) {
      const [row] = await postgres.query<{ title: string | null; memberCount: number }>(FRAME, [chatId, through]);
      return row ?? { title: null, memberCount: 0 };
    },
  };
}

/** Spans of one role each, joined to the stays that they are parts of. */
function staysOf(spans: readonly Span[]): { role: Role | null; stays: Stay[] } {
  const stays: Stay[] = [];
  for (const { since, to } of spans) {
    const last = stays.at(-1);
    if (last?.from === since) last.to = to;
    else stays.push({ from: since, to });
  }
  const last = spans.at(-1);
  return { role: last?.to === null ? last.role : null, stays };
}
