/**
 * A page reads `chat_history` alone: the sends (rev 1) and the first changes of each, by range. What a message has
 * beyond them lies in partitions of its own, which no page of other messages reads.
 */
export const CHAT_HISTORY_TABLES: readonly string[] = [
  // Through which seq all of a chat's facts are there, in every table. The greatest seq wins: it is the timestamp.
  'CREATE TABLE IF NOT EXISTS chat_heads (chat text PRIMARY KEY, seq int, at bigint)',
  `CREATE TABLE IF NOT EXISTS chat_history (
    chat text, bucket int, message_seq int, rev int,
    seq int, at bigint, actor text, kind text, body text, mentions text,
    number int, message_id text, more text,
    PRIMARY KEY ((chat, bucket), message_seq, rev)
  ) WITH CLUSTERING ORDER BY (message_seq DESC, rev ASC)`,
  // Which buckets hold a message: a chat may have many without one, where a message was reacted to for long.
  `CREATE TABLE IF NOT EXISTS chat_history_buckets (chat text, bucket int, PRIMARY KEY (chat, bucket))
    WITH CLUSTERING ORDER BY (bucket DESC)`,
  'CREATE TABLE IF NOT EXISTS chat_history_deletions (chat text, bucket int, message_seq int, seq int, PRIMARY KEY ((chat, bucket), message_seq))',
  `CREATE TABLE IF NOT EXISTS chat_history_overflow (
    chat text, message_seq int, part int, rev int,
    seq int, at bigint, actor text, kind text, body text, mentions text,
    PRIMARY KEY ((chat, message_seq, part), rev)
  )`,
  `CREATE TABLE IF NOT EXISTS chat_history_folds (
    chat text, message_seq int, part int, rev int, seq int, state text,
    -- JSON: for each emoji of which the fold names not all users, through which rev it names them all
    names_through text,
    PRIMARY KEY ((chat, message_seq, part), rev)
  )`,
  // The fold as of a seq.
  `CREATE TABLE IF NOT EXISTS chat_history_fold_seqs (chat text, message_seq int, seq int, rev int,
    PRIMARY KEY ((chat, message_seq), seq)
  ) WITH CLUSTERING ORDER BY (seq DESC)`,
  // Edits and the deletion of a message, beyond its first changes.
  `CREATE TABLE IF NOT EXISTS chat_history_texts (
    chat text, message_seq int, rev int, seq int, at bigint, actor text, kind text, body text, mentions text,
    PRIMARY KEY ((chat, message_seq), rev)
  )`,
  // Reactions and their removals by whose they are, beyond the message's first changes.
  `CREATE TABLE IF NOT EXISTS chat_history_reactors (
    chat text, message_seq int, slot int, actor text, emoji text, seq int, rev int, kind text,
    PRIMARY KEY ((chat, message_seq, slot), actor, emoji, seq)
  ) WITH CLUSTERING ORDER BY (actor ASC, emoji ASC, seq DESC)`,
  // Of messages and of commands. The first event with an id is what counts.
  `CREATE TABLE IF NOT EXISTS chat_history_ids (
    chat text, day int, id text, seq int, message boolean,
    PRIMARY KEY ((chat, day), id, seq)
  )`,
];
