export const CHAT_LOG_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS chat_log (
    chat text, bucket int, seq int,
    type text, data text, metadata text, event_id text, position bigint, recorded_at bigint, at bigint,
    PRIMARY KEY ((chat, bucket), seq)
  )`,
  // The first event of every so many: `at` never falls along a chat, so an instant lies between two of them.
  `CREATE TABLE IF NOT EXISTS chat_log_clock (chat text, at bigint, seq int, PRIMARY KEY (chat, at, seq))
    WITH CLUSTERING ORDER BY (at DESC, seq DESC)`,
];
