/**
 * The tables of `hindsight query` (docs/analysts.md). The macros say in SQL what the one reducer (events/chat-view.ts)
 * does event by event; test/infra/duckdb compares them. Within a chat `occurred_at` never falls, so that what a chat had
 * become at T is what its events up to T say, in order of their seq.
 */
const EVENTS = `
CREATE TABLE events (
  position VARCHAR, chat_id VARCHAR NOT NULL, seq BIGINT NOT NULL, type VARCHAR NOT NULL, v INTEGER,
  actor VARCHAR, occurred_at TIMESTAMP NOT NULL, recorded_at TIMESTAMP,
  message_id VARCHAR, message_seq BIGINT, rev BIGINT, text VARCHAR, withheld VARCHAR, author VARCHAR,
  emoji VARCHAR, user_id VARCHAR, role VARCHAR, data JSON,
  event_id VARCHAR, command_id VARCHAR, correlation_id VARCHAR, causation_id VARCHAR
)`;

/** A time as PROTOCOL writes it, with or without seconds, or a TIMESTAMP. All times are UTC. */
const INSTANT = `
CREATE MACRO instant(t) AS CASE
  WHEN t::VARCHAR = 'now' OR t::VARCHAR = 'infinity' THEN 'infinity'::TIMESTAMP
  WHEN regexp_full_match(t::VARCHAR, '\\d{4}-\\d{2}-\\d{2}([T ]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?)?Z?')
    THEN regexp_replace(rtrim(t::VARCHAR, 'Z'), '([T ]\\d{2}:\\d{2})$', '\\1:00')::TIMESTAMP
  ELSE error(t::VARCHAR || ' is no point in time: give a UTC time, as ''2004-12-25T09:15Z'', or ''now''')
END`;

/** One row a message, as its last change left it: a deletion takes words, files and mentions away. */
const MESSAGES_AT = `
CREATE MACRO messages_at(t) AS TABLE
WITH folded AS (
  SELECT chat_id, message_id,
    min(seq) FILTER (type = 'MessageSent') AS seq,
    any_value(actor) FILTER (type = 'MessageSent') AS sender_id,
    any_value(author) FILTER (type = 'MessageSent') AS author,
    min(occurred_at) FILTER (type = 'MessageSent') AS occurred_at,
    arg_max(coalesce(rev, 1), seq) AS rev,
    arg_max(CASE WHEN type = 'MessageDeleted' THEN '' ELSE text END, seq)
      FILTER (type IN ('MessageSent', 'MessageEdited', 'MessageDeleted')) AS text,
    arg_max(coalesce(withheld, ''), seq) FILTER (type IN ('MessageSent', 'MessageEdited', 'MessageDeleted')) AS withheld,
    max(occurred_at) FILTER (type = 'MessageEdited') AS edited_at,
    coalesce(bool_or(type = 'MessageDeleted'), false) AS deleted,
    any_value(data) FILTER (type = 'MessageSent') AS sent,
    arg_max(coalesce(data -> 'mentions', '[]'::JSON), seq)
      FILTER (type IN ('MessageSent', 'MessageEdited', 'MessageDeleted')) AS mentions
  FROM events
  WHERE message_id IS NOT NULL AND occurred_at <= instant(t)
    AND type IN ('MessageSent', 'MessageEdited', 'MessageDeleted', 'ReactionAdded', 'ReactionRemoved')
  GROUP BY chat_id, message_id
)
SELECT chat_id, seq, (sent ->> 'number')::BIGINT AS number, message_id, sender_id, occurred_at, rev, text, edited_at,
  deleted, nullif(withheld, '') AS withheld,
  sent ->> '$.replyTo.messageId' AS reply_to_message_id, (sent ->> '$.replyTo.seq')::BIGINT AS reply_to_seq, mentions,
  CASE WHEN deleted THEN '[]'::JSON ELSE coalesce(sent -> 'files', '[]'::JSON) END AS files,
  sent -> 'origin' AS origin, author
FROM folded
WHERE seq IS NOT NULL`;

/** One row for each reaction that stands. */
const REACTIONS_AT = `
CREATE MACRO reactions_at(t) AS TABLE
WITH changes AS (
  SELECT * FROM events
  WHERE occurred_at <= instant(t) AND type IN ('MessageSent', 'MessageDeleted', 'ReactionAdded', 'ReactionRemoved')
), messages AS (
  SELECT chat_id, message_id, min(seq) FILTER (type = 'MessageSent') AS sent_seq,
    coalesce(max(seq) FILTER (type = 'MessageDeleted'), 0) AS deleted_seq
  FROM changes WHERE type IN ('MessageSent', 'MessageDeleted') GROUP BY chat_id, message_id
), standing AS (
  SELECT chat_id, message_id, emoji, actor AS user_id,
    arg_max(type, seq) AS last_type, max(seq) AS seq, max(occurred_at) AS occurred_at
  FROM changes WHERE type IN ('ReactionAdded', 'ReactionRemoved') GROUP BY ALL
)
SELECT chat_id, message_id, sent_seq AS message_seq, emoji, user_id, seq, occurred_at
FROM standing JOIN messages USING (chat_id, message_id)
WHERE last_type = 'ReactionAdded' AND sent_seq IS NOT NULL AND seq > deleted_seq`;

/** One row for each member, from the event with which the present membership began. */
const MEMBERS_AT = `
CREATE MACRO members_at(t) AS TABLE
WITH changes AS (
  SELECT chat_id, seq, occurred_at, type, user_id, role FROM events
  WHERE occurred_at <= instant(t) AND type IN ('MemberAdded', 'MemberRemoved', 'MemberRoleChanged')
  UNION ALL
  SELECT chat_id, seq, occurred_at, type, member ->> 'userId', member ->> 'role'
  FROM (SELECT *, unnest((data -> 'members')::JSON[]) AS member FROM events WHERE type = 'ChatStarted')
  WHERE occurred_at <= instant(t)
), folded AS (
  SELECT chat_id, user_id,
    max(seq) FILTER (type IN ('ChatStarted', 'MemberAdded')) AS since_seq,
    max(occurred_at) FILTER (type IN ('ChatStarted', 'MemberAdded')) AS occurred_at,
    coalesce(max(seq) FILTER (type = 'MemberRemoved'), 0) AS removed_seq,
    arg_max(role, seq) FILTER (type <> 'MemberRemoved') AS role
  FROM changes GROUP BY chat_id, user_id
)
SELECT chat_id, user_id, role, since_seq, occurred_at FROM folded WHERE since_seq > removed_seq`;

const CHATS_AT = `
CREATE MACRO chats_at(t) AS TABLE
WITH folded AS (
  SELECT chat_id, max(seq) AS seq, min(occurred_at) AS started_at, max(occurred_at) AS last_at,
    any_value(data) FILTER (type = 'ChatStarted') AS started,
    arg_max(text, seq) FILTER (type IN ('ChatStarted', 'ChatRenamed')) AS title,
    count(*) FILTER (type = 'MessageSent') AS message_count
  FROM events WHERE occurred_at <= instant(t) GROUP BY chat_id
), counted AS (
  SELECT chat_id, count(*) AS member_count FROM members_at(t) GROUP BY chat_id
)
SELECT chat_id, started ->> 'kind' AS kind, title, started ->> 'historyVisibility' AS history_visibility,
  started ->> 'pastContent' AS past_content, coalesce(member_count, 0) AS member_count, message_count, seq, started_at,
  last_at AS occurred_at
FROM folded LEFT JOIN counted USING (chat_id)`;

const NOW = ['chats', 'members', 'messages', 'reactions'].map(
  (name) => `CREATE VIEW ${name} AS SELECT * FROM ${name}_at('now')`,
);

/** What is made before the events come in, in order. */
export const TABLES: readonly string[] = [EVENTS];
/** What stands on the events. */
export const VIEWS: readonly string[] = [INSTANT, MESSAGES_AT, REACTIONS_AT, MEMBERS_AT, CHATS_AT, ...NOW];

/** An event as it stands in a line of NDJSON (PROTOCOL §2). */
const LINE = `{chatId: 'VARCHAR', seq: 'BIGINT', type: 'VARCHAR', v: 'INTEGER', data: 'JSON', actor: 'VARCHAR',
  "at": 'TIMESTAMP', recordedAt: 'TIMESTAMP', position: 'VARCHAR', eventId: 'VARCHAR', commandId: 'VARCHAR',
  correlationId: 'VARCHAR', causationId: 'VARCHAR'}`;

/** What of an event's data has a column of its own, read in one go. */
const PARTS = `'{"messageId":"VARCHAR","messageSeq":"BIGINT","rev":"BIGINT","text":"VARCHAR","withheld":"VARCHAR",
  "origin":{"author":"VARCHAR"},"emoji":"VARCHAR","userId":"VARCHAR","role":"VARCHAR","title":"VARCHAR"}'`;

const COLUMNS = [
  ['chat_id', 'VARCHAR'],
  ['seq', 'BIGINT'],
  ['type', 'VARCHAR'],
  ['v', 'INTEGER'],
  ['actor', 'VARCHAR'],
  ['occurred_at', 'TIMESTAMP'],
  ['recorded_at', 'TIMESTAMP'],
  ['data', 'JSON'],
  ['event_id', 'VARCHAR'],
  ['command_id', 'VARCHAR'],
  ['correlation_id', 'VARCHAR'],
  ['causation_id', 'VARCHAR'],
] as const;

/** A message of 8,000 code points and ten files, escaped twice, stays far below. */
const LINE_BYTES_MAX = 4_194_304;

const NAMED = COLUMNS.map(([name]) => name).join(', ');

/** What events are read from: lines, or the rows of an export (queries/export/tables.ts). */
export type EventFiles = 'ndjson' | 'csv' | 'parquet';

/** The rows of files, whose names are an SQL list, with columns as `COLUMNS` and `position`, null where it was left out. */
const SOURCES: Record<EventFiles, (files: string) => string> = {
  ndjson: (files) => `
    SELECT position, chatId AS chat_id, seq, type, v, actor, "at" AS occurred_at, recordedAt AS recorded_at, data,
      eventId AS event_id, commandId AS command_id, correlationId AS correlation_id, causationId AS causation_id
    FROM read_json(${files}, format = 'newline_delimited', columns = ${LINE})`,
  csv: (files) => `
    SELECT position, ${COLUMNS.map(([name, type]) => `CAST(${name} AS ${type}) AS ${name}`).join(', ')}
    FROM (SELECT NULL::VARCHAR AS position WHERE false UNION ALL BY NAME
      SELECT * FROM read_csv(${files}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"',
        nullstr = '', allow_quoted_nulls = false, union_by_name = true, max_line_size = ${LINE_BYTES_MAX},
        buffer_size = ${2 * LINE_BYTES_MAX}))`,
  parquet: (files) => `
    SELECT position, ${NAMED.replace('data', 'data::JSON AS data')}
    FROM (SELECT NULL::VARCHAR AS position WHERE false UNION ALL BY NAME SELECT * FROM read_parquet(${files}, union_by_name = true))`,
};

/** Adds the events of files; `files` is an SQL list of names. */
export const insertEvents = (kind: EventFiles, files: string): string => `
INSERT INTO events
SELECT position, chat_id, seq, type, v, actor, occurred_at, recorded_at,
  d.messageId, CASE type WHEN 'MessageSent' THEN seq ELSE d.messageSeq END,
  CASE type WHEN 'MessageSent' THEN 1 ELSE d.rev END, coalesce(d.text, d.title), d.withheld, d.origin.author,
  d.emoji, d.userId, d.role, data, event_id, command_id, correlation_id, causation_id
FROM (SELECT *, json_transform(data, ${PARTS}) AS d FROM (${SOURCES[kind](files)}))`;
