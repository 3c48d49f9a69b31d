import { statSync } from 'node:fs';
import type { MessageLookup } from '../../../commands/ports.ts';
import { StoreError } from '../../../events/event-store.ts';
import type { ChatHistoryReader } from '../../../queries/chat-history/view.ts';
import type { MembersReader } from '../../../queries/members/view.ts';
import type { UserChatsReader } from '../../../queries/user-chats/view.ts';
import type { UsersReader } from '../../../queries/users/view.ts';
import { chatHistoryReader } from '../chat-history/reader.ts';
import { type Database, openDatabase } from '../database.ts';
import { membersReader } from '../members/reader.ts';
import { messageLookup } from '../message-lookup/lookup.ts';
import { userChatsReader } from '../user-chats/reader.ts';
import { usersReader } from '../users/reader.ts';
import { keyReader } from './interning.ts';
import { snapshotOf } from './snapshot.ts';

interface Readers {
  chatHistory: ChatHistoryReader;
  userChats: UserChatsReader;
  members: MembersReader;
  users: UsersReader;
  lookup: MessageLookup;
}

/** The read models in `views.db`, for reading. A call throws what SQLite throws while they cannot be read. */
export interface Views extends Readers {
  close(): void;
}

/** How often it is looked whether the file was thrown away and built afresh. */
const LOOK_EVERY_MS = 500;
/** Readers do not wait long for a lock: in WAL mode only a file that is being made or mended has one against them. */
const BUSY_TIMEOUT_MS = 250;

/** The file is opened when it is first read; until whoever runs the projections has made it, a call is `unavailable`. */
export function openViews(file: string): Views {
  const connection = follow(file);
  return {
    chatHistory: through(connection, 'chatHistory', [
      'page',
      'messages',
      'seqOf',
      'textChanges',
      'changes',
      'deletedAmong',
      'reactions',
      'emojisOf',
      'numberThrough',
      'head',
    ]),
    userChats: through(connection, 'userChats', ['chatsOf', 'chatOf', 'receipts']),
    members: through(connection, 'members', ['settings', 'stays', 'membersAsOf', 'frameAsOf']),
    users: through(connection, 'users', ['user', 'search']),
    lookup: through(connection, 'lookup', ['find']),
    close: connection.close,
  };
}

interface Open {
  readonly db: Database;
  readonly inode: number | null;
  readonly readers: Readers;
}

interface Connection {
  readers(): Promise<Readers>;
  close(): void;
}

/** One connection, opened again where another file stands in the place of the one that is open. */
function follow(file: string): Connection {
  let open: Open | null = null;
  let looked = 0;
  let opening: Promise<void> | null = null;
  let closed = false;

  async function reopen(): Promise<void> {
    const old = open;
    open = await connect(file);
    old?.db.close();
    if (closed) open.db.close();
  }
  function fits(): boolean {
    const now = performance.now();
    if (open && now - looked < LOOK_EVERY_MS) return true;
    looked = now;
    const inode = inodeOf(file);
    return open !== null && (inode === null || inode === open.inode);
  }

  return {
    async readers() {
      if (closed) throw new StoreError('closed', 'the views are closed');
      if (opening || !fits()) {
        opening ??= reopen().finally(() => (opening = null));
        await opening;
      }
      if (!open) throw new StoreError('unavailable', 'the views are not there');
      return open.readers;
    },
    close() {
      closed = true;
      open?.db.close();
    },
  };
}

async function connect(file: string): Promise<Open> {
  const inode = inodeOf(file);
  const db = await openDatabase({ file, synchronous: 'normal', readOnly: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    return { db, inode, readers: createReaders(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

const inodeOf = (file: string): number | null => statSync(file, { throwIfNoEntry: false })?.ino ?? null;

function createReaders(db: Database): Readers {
  const chats = keyReader(db, 'chats');
  const users = keyReader(db, 'users');
  const snapshot = snapshotOf(db);
  return {
    chatHistory: chatHistoryReader({ db, chats, users, snapshot }),
    userChats: userChatsReader({ db, chats, users }),
    members: membersReader({ db, chats }),
    users: usersReader(db),
    lookup: messageLookup({ db, chats, users, snapshot }),
  };
}

/** A reader whose every call goes to the connection that is open then. */
function through<K extends keyof Readers>(
  connection: Connection,
  name: K,
  methods: readonly (keyof Readers[K] & string)[],
): Readers[K] {
  const calls = methods.map((method) => [
    method,
    async (...args: unknown[]) => {
      try {
        const reader = (await connection.readers())[name];
        return await (reader[method] as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        throw error instanceof StoreError
          ? error
          : new StoreError('unavailable', `the views cannot be read: ${String(error)}`, { cause: error });
      }
    },
  ]);
  return Object.fromEntries(calls) as Readers[K];
}
