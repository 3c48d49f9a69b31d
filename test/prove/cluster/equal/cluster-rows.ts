import type { Cassandra, RowPage } from '../../../../infra/cassandra/cassandra.ts';
import { intOf, textOf, textOrNull } from '../../../../infra/cassandra/row.ts';
import type { Postgres } from '../../../../infra/postgres/pool.ts';
import { patiently } from '../patiently.ts';
import type { Rows, TableName } from './embedded-rows.ts';

const ROWS_AT_ONCE = 1_000;

type Read = typeof textOrNull | typeof intOf | ((row: Row, column: string) => unknown);
type Row = RowPage['rows'][number];

const intOrNull = (row: Row, column: string): number | null => (row[column] === null ? null : intOf(row, column));
const asItIs = (row: Row, column: string): unknown => row[column];

const FACT: Record<string, Read> = {
  chat: textOf,
  message_seq: intOf,
  rev: intOf,
  seq: intOf,
  at: intOf,
  actor: textOf,
  kind: textOrNull,
  body: textOrNull,
  mentions: textOrNull,
};
const SENT: Record<string, Read> = { ...FACT, number: intOrNull, message_id: textOrNull, more: textOrNull };

/** All rows of a cluster's tables, read from end to end and not as queries read them. */
export function clusterRows({
  cassandra,
  postgres,
}: {
  cassandra: Cassandra;
  postgres: Postgres;
}): Record<TableName, () => Rows> {
  const scan = (table: string, columns: Record<string, Read>): Rows => scanned(cassandra, table, columns);
  async function* sql(query: string): Rows {
    for (const row of await patiently(() => postgres.query<Record<string, unknown>>(query))) yield Object.values(row);
  }
  return {
    'chat history: heads': () => scan('chat_heads', { chat: textOf, seq: intOf, at: intOf }),
    'chat history: messages': () => onlyRev(scan('chat_history', SENT), (rev) => rev === 1),
    'chat history: changes': async function* () {
      yield* onlyRev(scan('chat_history', SENT), (rev) => rev > 1);
      for await (const row of scan('chat_history_overflow', FACT)) yield [...row, null, null, null];
    },
    'chat history: buckets': () => scan('chat_history_buckets', { chat: textOf, bucket: intOf }),
    'chat history: deletions': () => scan('chat_history_deletions', { chat: textOf, message_seq: intOf, seq: intOf }),
    'chat history: texts': () => scan('chat_history_texts', FACT),
    'chat history: reactors': () =>
      scan('chat_history_reactors', {
        chat: textOf,
        message_seq: intOf,
        actor: textOf,
        emoji: textOf,
        seq: intOf,
        rev: intOf,
        kind: textOf,
      }),
    'chat history: folds': () => folds(cassandra),
    'chat history: folds by seq': () =>
      scan('chat_history_fold_seqs', { chat: textOf, message_seq: intOf, seq: intOf, rev: intOf }),
    'lookup: ids': () => scan('chat_history_ids', { chat: textOf, id: textOf, seq: intOf, message: asItIs }),
    'chat log: events': () =>
      scan('chat_log', {
        chat: textOf,
        seq: intOf,
        type: textOf,
        data: textOf,
        metadata: textOf,
        event_id: textOf,
        position: intOf,
        recorded_at: intOf,
        at: intOf,
      }),
    'chat log: clock': () => scan('chat_log_clock', { chat: textOf, at: intOf, seq: intOf }),
    'user chats: chats': () =>
      sql(`SELECT chat_id, kind, title, member_count, head_seq, head_position, order_position, last_message_seq,
        message_count, history_visibility, past_content FROM user_chats_chats`),
    'user chats: memberships': () =>
      sql('SELECT user_id, chat_id, role, stays, read_seq, delivered_seq FROM user_chats_memberships'),
    'members: chats': () =>
      sql('SELECT chat_id, kind, history_visibility, past_content, head_seq FROM user_chats_chats'),
    'members: spans': () => sql('SELECT chat_id, user_id, from_seq, to_seq, since_seq, role FROM members_spans'),
    'members: frames': () => sql('SELECT chat_id, seq, title, member_count FROM members_frames'),
    users: () => sql('SELECT user_id, username, display_name, display_folded, place FROM users_users'),
  };
}

const REV = Object.keys(SENT).indexOf('rev');

async function* onlyRev(rows: Rows, fits: (rev: number) => boolean): Rows {
  for await (const row of rows) if (fits(row[REV] as number)) yield row;
}

async function* scanned(cassandra: Cassandra, table: string, columns: Record<string, Read>): Rows {
  const query = `SELECT ${Object.keys(columns).join(', ')} FROM ${table}`;
  for (let page: string | null = ''; page !== null; ) {
    const from: string = page;
    const read: RowPage = await patiently(() =>
      cassandra.read(query, [], { rows: ROWS_AT_ONCE, ...(from !== '' && { page: from }) }),
    );
    for (const row of read.rows) yield Object.entries(columns).map(([name, value]) => value(row, name));
    page = read.next;
  }
}

interface FoldState {
  text: string;
  mentions: string[];
  editedAt: number | null;
  deleted: boolean;
  reactions: { emoji: string; count: number; first: string[] }[];
}

async function* folds(cassandra: Cassandra): Rows {
  const columns = { chat: textOf, message_seq: intOf, rev: intOf, seq: intOf, state: textOf };
  for await (const [chat, messageSeq, rev, seq, state] of scanned(cassandra, 'chat_history_folds', columns)) {
    const { text, mentions, editedAt, deleted, reactions } = JSON.parse(state as string) as FoldState;
    const named = reactions.map(({ emoji, count, first }) => [emoji, count, first]);
    yield [chat, messageSeq, rev, seq, text, mentions, editedAt, deleted, named];
  }
}
