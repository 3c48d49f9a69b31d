import {
  type Generation,
  type RowStore,
  StaleState,
  type ViewName,
  type Writers,
} from '../../../projections/runner/ports.ts';
import { chatHistoryWriter } from '../chat-history/writer.ts';
import type { Database } from '../database.ts';
import { membersWriter } from '../members/writer.ts';
import { userChatsWriter } from '../user-chats/writer.ts';
import { usersWriter } from '../users/writer.ts';
import { faultOf } from './failure.ts';
import { keyWriter } from './interning.ts';
import { sqliteParking } from './parking.ts';

/** The writing of rows into a database that has the tables. */
export function rowStore(db: Database): RowStore {
  const chats = keyWriter(db, 'chats');
  const users = keyWriter(db, 'users');
  const move = db.prepare('UPDATE checkpoints SET position = ? WHERE view = ? AND generation = ? AND position = ?');
  const writers: { [V in ViewName]: (generation: Generation) => Writers[V] } = {
    'chat-history': (generation) => chatHistoryWriter({ db, generation, chats, users }),
    'user-chats': (generation) => userChatsWriter({ db, generation, chats, users }),
    members: (generation) => membersWriter({ db, generation, chats }),
    users: (generation) => usersWriter({ db, generation }),
  };
  return {
    parking: sqliteParking(db),
    writer: (view, generation) => writers[view](generation),
    transaction: (work) => db.transaction(work),
    transactionOver: (work) => db.transactionOver(work),
    move(view, generation, { from, to }) {
      if (Number(move.run(to, view, generation, from).changes) !== 1) throw new StaleState(view);
    },
    faultOf,
    reset() {
      chats.reset();
      users.reset();
    },
  };
}
