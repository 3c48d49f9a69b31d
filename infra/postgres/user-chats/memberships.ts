import type { Role } from '../../../events/chat.ts';
import type { ChatId, UserId } from '../../../events/ids.ts';
import type { MembershipRow } from '../../../projections/user-chats/ports.ts';
import { parseStays, staysText } from '../../sql/stays.ts';
import { numberColumn, textColumn } from '../arrays.ts';
import type { Bound, Session } from '../pool.ts';
import type { Pair } from '../views/needs.ts';

export interface Membership extends MembershipRow {
  readonly chatId: ChatId;
  readonly userId: UserId;
}

export const newMembership = ({ chatId, userId }: Pair): Membership => ({
  chatId,
  userId,
  role: null,
  stays: [],
  readSeq: 0,
  deliveredSeq: 0,
});

interface Stored extends Pair {
  role: Role | null;
  stays: string;
  readSeq: number;
  deliveredSeq: number;
}

const LOAD = `SELECT m.chat_id AS "chatId", m.user_id AS "userId", m.role, m.stays, m.read_seq AS "readSeq",
    m.delivered_seq AS "deliveredSeq"
  FROM unnest($1::text[], $2::text[]) AS wanted (user_id, chat_id)
  JOIN user_chats_memberships m ON m.user_id = wanted.user_id AND m.chat_id = wanted.chat_id`;

/** Those of the pairs that there are; no pair twice. */
export async function loadMemberships(session: Session, pairs: readonly Pair[]): Promise<Membership[]> {
  const values = [textColumn(pairs, ({ userId }) => userId), textColumn(pairs, ({ chatId }) => chatId)];
  const rows = await session.query<Stored>(LOAD, values);
  return rows.map(({ chatId, userId, role, stays, readSeq, deliveredSeq }) => {
    return { chatId, userId, role, stays: parseStays(stays), readSeq, deliveredSeq };
  });
}

/** A row that says the same is not written again, and marks never fall. */
const STORE = `INSERT INTO user_chats_memberships AS m (user_id, chat_id, role, stays, read_seq, delivered_seq)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
  ON CONFLICT (user_id, chat_id) DO UPDATE SET role = excluded.role, stays = excluded.stays,
    read_seq = greatest(m.read_seq, excluded.read_seq), delivered_seq = greatest(m.delivered_seq, excluded.delivered_seq)
  WHERE m.read_seq < excluded.read_seq OR m.delivered_seq < excluded.delivered_seq
    OR m.role IS DISTINCT FROM excluded.role OR m.stays <> excluded.stays`;

export const storeMemberships = (memberships: readonly Membership[]): Bound => ({
  statement: { name: 'user-chats-store-memberships', text: STORE },
  values: [
    textColumn(memberships, ({ userId }) => userId),
    textColumn(memberships, ({ chatId }) => chatId),
    textColumn(memberships, ({ role }) => role),
    textColumn(memberships, ({ stays }) => staysText(stays)),
    numberColumn(memberships, ({ readSeq }) => readSeq),
    numberColumn(memberships, ({ deliveredSeq }) => deliveredSeq),
  ],
});
