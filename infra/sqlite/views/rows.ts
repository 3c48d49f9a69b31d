import {
  type Generation,
  type RowStore,
  StaleState,
  type StoreFault,
  type ViewName,
  type Writers,
} from '../../../projections/runner/ports.ts';
import { chatHistoryWriter } from '../chat-history/writer.ts';
import type { Database } from '../database.ts';
import { isBusy, isCorrupt, isFull, isIoFailure, sqliteCode } from '../errors.ts';
import { membersWriter } from '../members/writer.ts';
import { userChatsWriter } from '../user-chats/writer.ts';
import { usersWriter } from '../users/writer.ts';
import { keyWriter } from './interning.ts';
import { sqliteParking } from './parking.ts';

/** What a read-only file system and a file that cannot be opened say: an operator can mend both. */
const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;

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

function faultOf(error: unknown): StoreFault | null {
  if (isCorrupt(error)) return 'corrupt';
  const code = sqliteCode(error);
  const mendable = isBusy(error) || isFull(error) || isIoFailure(error);
  return mendable || code === SQLITE_READONLY || code === SQLITE_CANTOPEN ? 'temporary' : null;
}
