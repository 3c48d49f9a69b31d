import type { TableSpec } from '../views/tables.ts';

export const USERS_TABLES: readonly TableSpec[] = [
  {
    name: 'users_users',
    columns: [
      'user_id TEXT NOT NULL',
      // NULL for an author that came with an import
      'username TEXT',
      'display_name TEXT NOT NULL',
      'display_folded TEXT NOT NULL',
      // the order of search: the username, or the user's id where there is none
      'place TEXT NOT NULL',
    ],
    keyColumns: 1,
    user: 'user_id',
    indexes: [
      { name: 'users_by_place', on: 'place' },
      { name: 'users_by_display', on: 'display_folded' },
    ],
  },
];
