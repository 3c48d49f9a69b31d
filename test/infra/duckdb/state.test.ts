import { afterAll, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../events/chat.ts';
import type { ChatView } from '../../../events/chat-view.ts';
import { decodeChatEvent } from '../../../events/codec.ts';
import { chatOf } from '../../../events/streams.ts';
import { openSqlDatabase, type SqlDatabase } from '../../../infra/duckdb/database.ts';
import type { SqlValue } from '../../../infra/duckdb/values.ts';
import { importedLogs } from '../../support/imported-logs.ts';
import { foldOf } from '../../support/naive-state.ts';
import { KINDS, startChat, userId } from '../../support/random-chat.ts';
import { seeded } from '../../support/seeded.ts';

const CHATS = 24;
const EVENTS_PER_CHAT = 60;
const USERS = [1, 2, 3, 4, 5].map(userId);
const LINES = 1_000;
const LATE = '9999-01-01T00:00:00.000Z';
const POINTS = 12;
const WITHIN_MS = 240_000;
const SEED = 0x51_0c_2e;

const opened: SqlDatabase[] = [];
afterAll(() => {
  for (const database of opened) database.close();
});

async function databaseOf(events: readonly ChatEvent[]): Promise<SqlDatabase> {
  const database = await openSqlDatabase({
    memoryLimit: '256MB',
    signal: new AbortController().signal,
    fill: (load) => load.lines(linesOf(events)),
  });
  opened.push(database);
  return database;
}

async function* linesOf(events: readonly ChatEvent[]): AsyncGenerator<string> {
  for (let i = 0; i < events.length; i += LINES) {
    yield events
      .slice(i, i + LINES)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');
  }
}

type Row = Record<string, SqlValue>;
type State = Record<'chats' | 'members' | 'messages' | 'reactions', readonly object[]>;

async function rowsOf(database: SqlDatabase, sql: string): Promise<Row[]> {
  const { columns, rows } = await database.query(sql);
  const all: Row[] = [];
  for await (const page of rows()) {
    for (const row of page) all.push(Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
  }
  return all;
}

/** All that SQL says of a moment, in the reducer's words. */
async function askedAt(database: SqlDatabase, time: string): Promise<State> {
  const t = `'${time}'`;
  const messages = await rowsOf(database, `SELECT * EXCLUDE (origin) FROM messages_at(${t}) ORDER BY chat_id, seq`);
  return {
    chats: await rowsOf(
      database,
      `SELECT chat_id, kind, title, seq, occurred_at, history_visibility, past_content, member_count, message_count
       FROM chats_at(${t}) ORDER BY chat_id`,
    ),
    members: await rowsOf(
      database,
      `SELECT chat_id, user_id, role, since_seq FROM members_at(${t}) ORDER BY chat_id, user_id`,
    ),
    reactions: await rowsOf(
      database,
      `SELECT chat_id, message_id, message_seq, emoji, user_id FROM reactions_at(${t})
       ORDER BY chat_id, message_seq, emoji, user_id`,
    ),
    messages: messages.map((row) => ({ ...row, files: parsed(row['files']), mentions: parsed(row['mentions']) })),
  };
}

const parsed = (json: SqlValue | undefined): unknown => (typeof json === 'string' ? JSON.parse(json) : json);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The same, folded event by event. */
function foldedAt(chats: ReadonlyMap<string, readonly ChatEvent[]>, time: string): State {
  const views = [...chats]
    .map(([chatId, events]) =>
      foldOf(
        chatId,
        events.filter(({ at }) => at <= time),
      ),
    )
    .filter(({ seq }) => seq > 0)
    .toSorted((a, b) => byText(a.chatId, b.chatId));
  return {
    chats: views.map((view) => ({
      chat_id: view.chatId,
      kind: view.kind,
      title: view.title,
      seq: view.seq,
      occurred_at: view.at,
      history_visibility: view.historyVisibility,
      past_content: view.pastContent,
      member_count: view.members.size,
      message_count: view.messages.size,
    })),
    members: views.flatMap((view) =>
      [...view.members.values()]
        .toSorted((a, b) => byText(a.userId, b.userId))
        .map(({ userId: id, role, sinceSeq }) => ({ chat_id: view.chatId, user_id: id, role, since_seq: sinceSeq })),
    ),
    reactions: views.flatMap(reactionsOf),
    messages: views.flatMap(messagesOf),
  };
}

const reactionsOf = (view: ChatView): object[] =>
  [...view.messages.values()].flatMap((message) =>
    message.reactions
      .flatMap(({ emoji, userIds }) => userIds.map((user) => ({ emoji, user })))
      .toSorted((a, b) => byText(a.emoji, b.emoji) || byText(a.user, b.user))
      .map(({ emoji, user }) => ({
        chat_id: view.chatId,
        message_id: message.messageId,
        message_seq: message.seq,
        emoji,
        user_id: user,
      })),
  );

const messagesOf = (view: ChatView): object[] =>
  [...view.messages.values()].map((message) => ({
    chat_id: view.chatId,
    seq: message.seq,
    number: message.number,
    message_id: message.messageId,
    sender_id: message.senderId,
    author: message.origin?.author ?? null,
    occurred_at: message.at,
    rev: message.rev,
    text: message.text,
    withheld: message.withheld,
    edited_at: message.editedAt,
    deleted: message.deleted,
    reply_to_message_id: message.replyTo?.messageId ?? null,
    reply_to_seq: message.replyTo?.seq ?? null,
    mentions: message.mentions,
    files: message.files,
  }));

/** The first row that is not in both, as text; null where there is none. */
function firstDifference(asked: State, folded: State): string | null {
  for (const table of ['chats', 'members', 'messages', 'reactions'] as const) {
    const [sql, fold] = [asked[table].map(sorted), folded[table].map(sorted)];
    const at = sql.findIndex((row, i) => row !== fold[i]);
    if (at >= 0 || sql.length !== fold.length) return `${table} row ${at}:\n${sql.at(at)}\n${fold.at(at)}`;
  }
  return null;
}

const sorted = (row: object): string => JSON.stringify(row, Object.keys(row).toSorted());

async function eventsOfLogs(): Promise<ChatEvent[]> {
  const store = await importedLogs();
  const events = await store.readAll({ after: 0, limit: Number.MAX_SAFE_INTEGER });
  return events.filter(({ stream }) => chatOf(stream) !== null).map((event) => decodeChatEvent(event, store.epoch));
}

describe('state at T in SQL', () => {
  it(`is what the one reducer folds, at any moment of random chats (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    const positions = { last: 0 };
    const growing = Array.from({ length: CHATS }, (_, n) => {
      const kind = random.pick(KINDS);
      const users = kind.kind === 'direct' ? [userId(100 + 2 * n), userId(101 + 2 * n)] : USERS;
      return startChat({ ...kind, n: n + 1, users, positions, random });
    });
    for (let i = 0; i < CHATS * EVENTS_PER_CHAT; i += 1) random.pick(growing).grow(random);
    const events = growing.flatMap((chat) => chat.events);
    const chats = new Map(growing.map(({ chatId, events: own }) => [chatId, own]));
    const database = await databaseOf(events);

    const times = ['1999-01-01T00:00:00.000Z', LATE];
    while (times.length < POINTS) times.push(random.pick(events).at);
    for (const time of times)
      expect(firstDifference(await askedAt(database, time), foldedAt(chats, time)), time).toBeNull();
    expect(firstDifference(await askedAt(database, 'now'), foldedAt(chats, LATE))).toBeNull();
  });

  it('is what it folds at moments of the real logs', { timeout: WITHIN_MS }, async () => {
    const random = seeded(SEED);
    const events = await eventsOfLogs();
    const database = await databaseOf(events);
    const chats = new Map([[events[0]?.chatId ?? '', events]]);
    for (const time of [random.pick(events).at, random.pick(events).at, events.at(-1)?.at ?? '']) {
      expect(firstDifference(await askedAt(database, time), foldedAt(chats, time)), time).toBeNull();
    }
  });
});
