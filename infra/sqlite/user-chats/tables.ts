import type { TableSpec } from '../views/tables.ts';

export const USER_CHATS_TABLES: readonly TableSpec[] = [
  {
    name: 'user_chats_chats',
    columns: [
      'chat INTEGER NOT NULL',
      'kind TEXT NOT NULL',
      'title TEXT',
      'member_count INTEGER NOT NULL',
      'head_seq INTEGER NOT NULL',
      'head_position INTEGER NOT NULL',
      'order_position INTEGER NOT NULL',
      'last_message_seq INTEGER NOT NULL',
      'message_count INTEGER NOT NULL',
      'history_visibility TEXT NOT NULL',
      'past_content TEXT NOT NULL',
    ],
    keyColumns: 1,
    chat: 'chat',
    seq: 'head_seq',
  },
  {
    name: 'user_chats_memberships',
    columns: [
      'user INTEGER NOT NULL',
      'chat INTEGER NOT NULL',
      // NULL once the user has left
      'role TEXT',
      // JSON list of [from, to]
      'stays TEXT NOT NULL',
      'read_seq INTEGER NOT NULL',
      'delivered_seq INTEGER NOT NULL',
    ],
    keyColumns: 2,
    indexes: [{ name: 'user_chats_present', on: 'chat, user', where: 'role IS NOT NULL' }],
    chat: 'chat',
    seq: 'read_seq',
  },
];
