import type { TableSpec } from '../views/tables.ts';

/**
 * Chats and users are interned integers. A page reads `messages` and the first changes of each, both by primary key;
 * what a message has beyond them lies in `overflow`, `folds` and `reactions`, which no page scans.
 */
export const CHAT_HISTORY_TABLES: readonly TableSpec[] = [
  {
    name: 'chat_history_heads',
    columns: ['chat INTEGER NOT NULL', 'head INTEGER NOT NULL'],
    keyColumns: 1,
    chat: 'chat',
    seq: 'head',
  },
  {
    name: 'chat_history_messages',
    columns: [
      'chat INTEGER NOT NULL',
      'seq INTEGER NOT NULL',
      'number INTEGER NOT NULL',
      'message_id TEXT NOT NULL',
      'sender INTEGER NOT NULL',
      'at INTEGER NOT NULL',
      'text TEXT NOT NULL',
      // JSON of replyTo, mentions, files and origin; NULL where there is none of them
      'more TEXT',
    ],
    keyColumns: 2,
    indexes: [{ name: 'chat_history_message_ids', on: 'chat, message_id' }],
    chat: 'chat',
    seq: 'seq',
  },
  {
    name: 'chat_history_changes',
    columns: changeColumns(),
    keyColumns: 3,
    indexes: [{ name: 'chat_history_deletions', on: 'chat, message_seq, seq', where: "kind = 'deleted'" }],
    chat: 'chat',
    seq: 'seq',
  },
  {
    name: 'chat_history_overflow',
    columns: changeColumns(),
    keyColumns: 3,
    indexes: [{ name: 'chat_history_texts', on: 'chat, message_seq, seq', where: "kind IN ('edited', 'deleted')" }],
    chat: 'chat',
    seq: 'seq',
  },
  {
    name: 'chat_history_folds',
    columns: [
      'chat INTEGER NOT NULL',
      'message_seq INTEGER NOT NULL',
      'seq INTEGER NOT NULL',
      'rev INTEGER NOT NULL',
      'state TEXT NOT NULL',
    ],
    keyColumns: 3,
    chat: 'chat',
    seq: 'seq',
  },
  {
    // Only of messages that have a fold. `gone_seq` is NULL while the reaction stands.
    name: 'chat_history_reactions',
    columns: [
      'chat INTEGER NOT NULL',
      'message_seq INTEGER NOT NULL',
      'user INTEGER NOT NULL',
      'emoji TEXT NOT NULL',
      'rev INTEGER NOT NULL',
      'seq INTEGER NOT NULL',
      'at INTEGER NOT NULL',
      'gone_seq INTEGER',
    ],
    keyColumns: 5,
    indexes: [{ name: 'chat_history_reactions_by_rev', on: 'chat, message_seq, rev', early: true }],
    chat: 'chat',
    seq: 'seq',
  },
  {
    name: 'chat_history_commands',
    columns: ['chat INTEGER NOT NULL', 'command_id TEXT NOT NULL', 'seq INTEGER NOT NULL'],
    keyColumns: 3,
    chat: 'chat',
    seq: 'seq',
  },
];

function changeColumns(): string[] {
  return [
    'chat INTEGER NOT NULL',
    'message_seq INTEGER NOT NULL',
    'rev INTEGER NOT NULL',
    'seq INTEGER NOT NULL',
    'at INTEGER NOT NULL',
    'actor INTEGER NOT NULL',
    'kind TEXT NOT NULL',
    // the text of an edit, the emoji of a reaction
    'body TEXT',
    // JSON list of an edit's mentions; NULL where there are none
    'mentions TEXT',
  ];
}
