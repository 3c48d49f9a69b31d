import type { Migration } from './migration.ts';

/**
 * The views of the group `user-chats`. Texts compare byte by byte (`"C"`), as everywhere else in Hindsight. Rows that
 * change with every message lie in pages with room for their next version, and no index holds what changes in them.
 */
export const VIEWS: Migration = {
  name: 'views',
  views: true,
  statements: [
    // The settings in the members view are these too: both are written in one transaction.
    `CREATE TABLE user_chats_chats (
      chat_id text COLLATE "C" PRIMARY KEY,
      kind text NOT NULL,
      title text,
      member_count integer NOT NULL,
      head_seq bigint NOT NULL,
      head_position bigint NOT NULL,
      order_position bigint NOT NULL,
      last_message_seq bigint NOT NULL,
      message_count bigint NOT NULL,
      history_visibility text NOT NULL,
      past_content text NOT NULL
    ) WITH (fillfactor = 70)`,
    `CREATE TABLE user_chats_memberships (
      user_id text COLLATE "C" NOT NULL,
      chat_id text COLLATE "C" NOT NULL,
      -- null once the user has left
      role text,
      -- JSON list of [from, to]
      stays text NOT NULL,
      read_seq bigint NOT NULL,
      delivered_seq bigint NOT NULL,
      PRIMARY KEY (user_id, chat_id)
    ) WITH (fillfactor = 70)`,
    'CREATE INDEX user_chats_present ON user_chats_memberships (chat_id, user_id) WHERE role IS NOT NULL',
    `CREATE TABLE members_spans (
      chat_id text COLLATE "C" NOT NULL,
      user_id text COLLATE "C" NOT NULL,
      from_seq bigint NOT NULL,
      to_seq bigint,
      since_seq bigint NOT NULL,
      role text NOT NULL,
      PRIMARY KEY (chat_id, user_id, from_seq)
    ) WITH (fillfactor = 90)`,
    `CREATE TABLE members_frames (
      chat_id text COLLATE "C" NOT NULL,
      seq bigint NOT NULL,
      title text,
      member_count integer NOT NULL,
      PRIMARY KEY (chat_id, seq)
    )`,
    `CREATE TABLE users_users (
      user_id text COLLATE "C" PRIMARY KEY,
      -- null for an author that came with an import
      username text COLLATE "C",
      display_name text NOT NULL,
      display_folded text COLLATE "C" NOT NULL,
      -- the order of search: the username, or the user's id where there is none
      place text COLLATE "C" NOT NULL
    )`,
    'CREATE INDEX users_by_place ON users_users (place)',
    'CREATE INDEX users_by_display ON users_users (display_folded)',
  ],
};
