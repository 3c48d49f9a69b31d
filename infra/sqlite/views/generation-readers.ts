import type { MessageLookup } from '../../../commands/ports.ts';
import type { Generation, ViewName } from '../../../projections/runner/ports.ts';
import type { ChatHistoryReader } from '../../../queries/chat-history/view.ts';
import type { MembersReader } from '../../../queries/members/view.ts';
import type { UserChatsReader } from '../../../queries/user-chats/view.ts';
import type { UsersReader } from '../../../queries/users/view.ts';
import { chatHistoryReader } from '../chat-history/reader.ts';
import type { Database } from '../database.ts';
import { membersReader } from '../members/reader.ts';
import { messageLookup } from '../message-lookup/lookup.ts';
import { userChatsReader } from '../user-chats/reader.ts';
import { usersReader } from '../users/reader.ts';
import { keyReader } from './interning.ts';
import { snapshotOf } from './snapshot.ts';

export interface Readers {
  chatHistory: ChatHistoryReader;
  userChats: UserChatsReader;
  members: MembersReader;
  users: UsersReader;
  lookup: MessageLookup;
}

/** The live generation of each view. */
export type Pointers = ReadonlyMap<ViewName, Generation>;

export interface GenerationReaders {
  /** As of now, all in one moment. */
  live(): Pointers;
  reader<K extends keyof Readers>(name: K, pointers: Pointers): Readers[K];
}

const VIEW_OF: { [K in keyof Readers]: ViewName } = {
  chatHistory: 'chat-history',
  lookup: 'chat-history',
  userChats: 'user-chats',
  members: 'members',
  users: 'users',
};
/** Statements are kept for so many generations of a reader: the live one, and those that queries still hold on to. */
const KEPT_MAX = 3;

export function generationReaders(db: Database): GenerationReaders {
  const chats = keyReader(db, 'chats');
  const users = keyReader(db, 'users');
  const snapshot = snapshotOf(db);
  const pointers = db.prepare<[ViewName, Generation]>('SELECT view, live FROM generations', { arrays: true });
  const create: { [K in keyof Readers]: (generation: Generation) => Readers[K] } = {
    chatHistory: (generation) => chatHistoryReader({ db, generation, chats, users, snapshot }),
    userChats: (generation) => userChatsReader({ db, generation, chats, users }),
    members: (generation) => membersReader({ db, generation, chats }),
    users: (generation) => usersReader({ db, generation }),
    lookup: (generation) => messageLookup({ db, generation, chats, users, snapshot }),
  };
  const kept = new Map<keyof Readers, Map<Generation, unknown>>();

  return {
    live: () => new Map(pointers.all()),
    reader<K extends keyof Readers>(name: K, of: Pointers): Readers[K] {
      const generation = of.get(VIEW_OF[name]);
      if (generation === undefined) throw new Error(`the views hold no ${VIEW_OF[name]}`);
      const readers = kept.get(name) ?? new Map<Generation, unknown>();
      kept.set(name, readers);
      const found = readers.get(generation) as Readers[K] | undefined;
      if (found) return found;
      const made = create[name](generation);
      const [oldest] = readers.keys();
      if (readers.size >= KEPT_MAX && oldest !== undefined) readers.delete(oldest);
      readers.set(generation, made);
      return made;
    },
  };
}
