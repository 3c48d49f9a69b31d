import type { TableSpec } from '../views/tables.ts';

export const MEMBERS_TABLES: readonly TableSpec[] = [
  {
    name: 'members_chats',
    columns: [
      'chat INTEGER NOT NULL',
      'kind TEXT NOT NULL',
      'history_visibility TEXT NOT NULL',
      'past_content TEXT NOT NULL',
      'head_seq INTEGER NOT NULL',
    ],
    keyColumns: 1,
    chat: 'chat',
    seq: 'head_seq',
  },
  {
    // Users by their id and not interned: pages are in its order.
    name: 'members_spans',
    columns: [
      'chat INTEGER NOT NULL',
      'user_id TEXT NOT NULL',
      'from_seq INTEGER NOT NULL',
      'to_seq INTEGER',
      'since_seq INTEGER NOT NULL',
      'role TEXT NOT NULL',
    ],
    keyColumns: 3,
    chat: 'chat',
    seq: 'from_seq',
  },
  {
    name: 'members_frames',
    columns: ['chat INTEGER NOT NULL', 'seq INTEGER NOT NULL', 'title TEXT', 'member_count INTEGER NOT NULL'],
    keyColumns: 2,
    chat: 'chat',
    seq: 'seq',
  },
];
