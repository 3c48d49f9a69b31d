import { decodeChatEvent } from '../../../../events/codec.ts';
import type { EventLog, RecordedEvent } from '../../../../events/event-store.ts';
import { chatOf, chatStream, seqOf } from '../../../../events/streams.ts';
import { bucketOf, TICK_EVERY } from '../../../../infra/cassandra/chat-history/places.ts';
import type { FoldState } from '../../../../infra/sqlite/chat-history/rows.ts';
import type { Database, SqlValue } from '../../../../infra/sqlite/database.ts';
import { everything, type Positions } from './positions.ts';

/** Rows of a table as a cluster holds them, in any order: all columns that say something, as JSON has them. */
export type Rows = AsyncIterable<readonly unknown[]>;

const CHANGES =
  '(SELECT * FROM chat_history_changes UNION ALL SELECT * FROM chat_history_overflow) f JOIN chats c ON c.key = f.chat';
const BEYOND = 'chat_history_overflow f JOIN chats c ON c.key = f.chat JOIN users u ON u.key = f.actor';

/**
 * What each table of a cluster should hold, out of the embedded views and the embedded log. Where the cluster's tables
 * are others, as they hold the same facts for other ways of reading them, it follows from the facts.
 */
export function embeddedRows({ db, log, positions }: { db: Database; log: EventLog; positions: Positions }) {
  async function* sql(query: string, mend: (row: SqlValue[]) => unknown[] = (row) => row): Rows {
    for (const row of db.prepare<SqlValue[]>(query, { arrays: true }).iterate()) yield mend(row);
  }
  return {
    'chat history: heads': () => heads(db, log),
    'chat history: messages': () =>
      sql(`SELECT c.id, m.seq, 1, m.seq, m.at, u.id, NULL, m.text, NULL, m.number, m.message_id, m.more
        FROM chat_history_messages m JOIN chats c ON c.key = m.chat JOIN users u ON u.key = m.sender`),
    'chat history: changes': () =>
      sql(`SELECT c.id, f.message_seq, f.rev, f.seq, f.at, u.id, f.kind, f.body, f.mentions, NULL, NULL, NULL
        FROM ${CHANGES} JOIN users u ON u.key = f.actor`),
    'chat history: buckets': () => buckets(db),
    'chat history: deletions': () => sql(`SELECT c.id, f.message_seq, f.seq FROM ${CHANGES} WHERE f.kind = 'deleted'`),
    'chat history: texts': () =>
      sql(`SELECT c.id, f.message_seq, f.rev, f.seq, f.at, u.id, f.kind, f.body, f.mentions
        FROM ${BEYOND} WHERE f.kind IN ('edited', 'deleted')`),
    'chat history: reactors': () =>
      sql(`SELECT c.id, f.message_seq, u.id, f.body, f.seq, f.rev, f.kind
        FROM ${BEYOND} WHERE f.kind IN ('reacted', 'unreacted')`),
    'chat history: folds': () => folds(db),
    'chat history: folds by seq': () =>
      sql('SELECT c.id, f.message_seq, f.seq, f.rev FROM chat_history_folds f JOIN chats c ON c.key = f.chat'),
    'lookup: ids': () =>
      sql(
        `SELECT c.id, m.message_id, m.seq, 1 FROM chat_history_messages m JOIN chats c ON c.key = m.chat
          UNION ALL SELECT c.id, m.command_id, m.seq, 0 FROM chat_history_commands m JOIN chats c ON c.key = m.chat`,
        ([chat, id, seq, message]) => [chat, id, seq, message === 1],
      ),
    'chat log: events': () => chatLog(log, positions),
    'chat log: clock': () => clock(log),
    'user chats: chats': () =>
      sql(
        `SELECT c.id, f.kind, f.title, f.member_count, f.head_seq, f.head_position, f.order_position,
          f.last_message_seq, f.message_count, f.history_visibility, f.past_content
          FROM user_chats_chats f JOIN chats c ON c.key = f.chat`,
        (row) => row.map((value, n) => (n === 5 || n === 6 ? positions.inCluster(Number(value)) : value)),
      ),
    'user chats: memberships': () =>
      sql(`SELECT u.id, c.id, f.role, f.stays, f.read_seq, f.delivered_seq FROM user_chats_memberships f
        JOIN users u ON u.key = f.user JOIN chats c ON c.key = f.chat`),
    'members: chats': () =>
      sql(`SELECT c.id, f.kind, f.history_visibility, f.past_content, f.head_seq FROM members_chats f
        JOIN chats c ON c.key = f.chat`),
    'members: spans': () =>
      sql(`SELECT c.id, f.user_id, f.from_seq, f.to_seq, f.since_seq, f.role FROM members_spans f
        JOIN chats c ON c.key = f.chat`),
    'members: frames': () =>
      sql('SELECT c.id, f.seq, f.title, f.member_count FROM members_frames f JOIN chats c ON c.key = f.chat'),
    users: () => sql('SELECT user_id, username, display_name, display_folded, place FROM users_users'),
  };
}

export type TableName = keyof ReturnType<typeof embeddedRows>;

/** `at` of an event as rows have it: milliseconds. */
const timeOf = (event: RecordedEvent, { epoch }: EventLog): number => Date.parse(decodeChatEvent(event, epoch).at);

async function* heads(db: Database, log: EventLog): Rows {
  const query = 'SELECT c.id, f.head FROM chat_history_heads f JOIN chats c ON c.key = f.chat';
  for (const [chatId, head] of db.prepare<[string, number]>(query, { arrays: true }).all()) {
    const [last] = await log.readStream(chatStream(chatId), { from: head - 1, limit: 1 });
    yield [chatId, head, last === undefined ? null : timeOf(last, log)];
  }
}

async function* buckets(db: Database): Rows {
  const query = 'SELECT c.id, m.seq FROM chat_history_messages m JOIN chats c ON c.key = m.chat';
  const seen = new Set<string>();
  for (const [chatId, seq] of db.prepare<[string, number]>(query, { arrays: true }).iterate()) {
    const bucket = bucketOf(seq);
    if (seen.has(`${chatId} ${bucket}`)) continue;
    seen.add(`${chatId} ${bucket}`);
    yield [chatId, bucket];
  }
}

async function* folds(db: Database): Rows {
  const users = new Map(db.prepare<[number, string]>('SELECT key, id FROM users', { arrays: true }).all());
  const query = `SELECT c.id, f.message_seq, f.rev, f.seq, f.state FROM chat_history_folds f
    JOIN chats c ON c.key = f.chat`;
  for (const [chatId, messageSeq, rev, seq, state] of db.prepare<SqlValue[]>(query, { arrays: true }).all()) {
    const { text, mentions, editedAt, deleted, reactions } = JSON.parse(String(state)) as FoldState;
    const named = reactions.map(([emoji, count, first]) => [emoji, count, first.map((key) => users.get(key))]);
    yield [chatId, messageSeq, rev, seq, text, mentions, editedAt, deleted, named];
  }
}

async function* chatLog(log: EventLog, positions: Positions): Rows {
  for await (const event of everything(log)) {
    const chatId = chatOf(event.stream);
    if (chatId === null) continue;
    const { revision, type, data, metadata, eventId, position, recordedAt } = event;
    const place = positions.inCluster(position);
    yield [chatId, seqOf(revision), type, data, metadata, eventId, place, recordedAt, timeOf(event, log)];
  }
}

async function* clock(log: EventLog): Rows {
  for await (const event of everything(log)) {
    const chatId = chatOf(event.stream);
    if (chatId !== null && event.revision % TICK_EVERY === 0) yield [chatId, timeOf(event, log), seqOf(event.revision)];
  }
}
