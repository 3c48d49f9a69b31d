import type { ChatId } from '../../../events/ids.ts';
import type { RoleSpan } from '../../../projections/members/ports.ts';
import { numberColumn, textColumn } from '../arrays.ts';
import type { Bound, Session } from '../pool.ts';
import type { Pair } from '../views/needs.ts';

export interface Span extends RoleSpan {
  readonly chatId: ChatId;
  to: number | null;
}

export interface Frame {
  readonly chatId: ChatId;
  readonly seq: number;
  readonly title: string | null;
  readonly memberCount: number;
}

const LOAD = `SELECT s.chat_id AS "chatId", s.user_id AS "userId", s.from_seq AS "from", s.to_seq AS "to",
    s.since_seq AS since, s.role
  FROM unnest($1::text[], $2::text[]) AS wanted (chat_id, user_id)
  JOIN members_spans s ON s.chat_id = wanted.chat_id AND s.user_id = wanted.user_id AND s.to_seq IS NULL`;

/** The open spans of those of the pairs that have one. */
export const loadPresent = (session: Session, pairs: readonly Pair[]): Promise<Span[]> =>
  session.query(LOAD, [textColumn(pairs, ({ chatId }) => chatId), textColumn(pairs, ({ userId }) => userId)]);

/** A span ends once. */
const STORE_SPANS = `INSERT INTO members_spans AS s (chat_id, user_id, from_seq, to_seq, since_seq, role)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
  ON CONFLICT (chat_id, user_id, from_seq) DO UPDATE SET to_seq = excluded.to_seq
  WHERE s.to_seq IS NULL AND excluded.to_seq IS NOT NULL`;

export const storeSpans = (spans: readonly Span[]): Bound => ({
  statement: { name: 'members-store-spans', text: STORE_SPANS },
  values: [
    textColumn(spans, ({ chatId }) => chatId),
    textColumn(spans, ({ userId }) => userId),
    numberColumn(spans, ({ from }) => from),
    numberColumn(spans, ({ to }) => to),
    numberColumn(spans, ({ since }) => since),
    textColumn(spans, ({ role }) => role),
  ],
});

/** What a chat was called from a seq on follows from its event: it is the same whenever it is written. */
const STORE_FRAMES = `INSERT INTO members_frames (chat_id, seq, title, member_count)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[]) ON CONFLICT (chat_id, seq) DO NOTHING`;

export const storeFrames = (frames: readonly Frame[]): Bound => ({
  statement: { name: 'members-store-frames', text: STORE_FRAMES },
  values: [
    textColumn(frames, ({ chatId }) => chatId),
    numberColumn(frames, ({ seq }) => seq),
    textColumn(frames, ({ title }) => title),
    numberColumn(frames, ({ memberCount }) => memberCount),
  ],
});
