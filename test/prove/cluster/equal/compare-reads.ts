import { isDeepStrictEqual } from 'node:util';
import type { MessageLookup } from '../../../../commands/index.ts';
import type { ChatId, UserId } from '../../../../events/ids.ts';
import type { Database } from '../../../../infra/sqlite/database.ts';
import { type Seeded, seeded } from '../../../support/seeded.ts';
import { patiently } from '../patiently.ts';
import {
  type Compared,
  compareHistory,
  compareMembers,
  compareUser,
  compareUserChats,
  type ViewReaders,
} from './compare.ts';

const AT_ONCE = 8;
const IDS_AT_ONCE = 200;
/** Of so many ids one is asked with a reaction, which takes reads of its own. */
const REACTION_EVERY = 10;
const INSTANTS_PER_CHAT = 50;
const MARKS_MAX = 100;
const EMOJIS = ['👍', '🎉', '❤️', '😂'];

interface Side {
  readonly views: ViewReaders;
  readonly lookup: MessageLookup;
}

/** What the views of a log are about. */
export interface Subjects {
  /** Everybody who ever was in a chat, by chat. */
  readonly chats: ReadonlyMap<ChatId, UserId[]>;
  readonly users: readonly UserId[];
  /** Of messages and commands, by chat. */
  readonly ids: ReadonlyMap<ChatId, string[]>;
}

export function subjectsOf(db: Database): Subjects {
  const grouped = (query: string): Map<string, string[]> => {
    const groups = new Map<string, string[]>();
    for (const [chat, value] of db.prepare<[string, string]>(query, { arrays: true }).iterate()) {
      const group = groups.get(chat);
      if (group) group.push(value);
      else groups.set(chat, [value]);
    }
    return groups;
  };
  return {
    chats: grouped(`SELECT c.id, u.id FROM user_chats_memberships f
      JOIN chats c ON c.key = f.chat JOIN users u ON u.key = f.user`),
    users: db
      .prepare<[string]>('SELECT user_id FROM users_users', { arrays: true })
      .all()
      .map(([id]) => id),
    ids: grouped(`SELECT c.id, f.message_id FROM chat_history_messages f JOIN chats c ON c.key = f.chat
      UNION ALL SELECT c.id, f.command_id FROM chat_history_commands f JOIN chats c ON c.key = f.chat`),
  };
}

/** What queries and commands read of both, call by call. */
export async function compareReads(
  { right, found }: { right: Side; found: Side },
  { chats, users, ids }: Subjects,
  random: Seeded,
): Promise<{ reads: string; compared: Compared }[]> {
  const views = { right: right.views, found: found.views };
  return [
    { reads: 'chat history and chat log', compared: await each([...chats.keys()], (id) => compareHistory(views, id)) },
    {
      reads: 'members',
      compared: await each([...chats], ([chatId, everIn]) => compareMembers(views, { chatId, everIn })),
    },
    { reads: 'user chats', compared: await each(users, (userId) => compareUserChats(views, userId)) },
    { reads: 'users', compared: await each(users, (userId) => compareUser(views, userId)) },
    {
      reads: 'marks and instants',
      compared: await each(
        [...chats.keys()].map((chatId) => ({ chatId, random: seeded(random.below(2 ** 31)) })),
        (asked) => compareInstants(views, asked),
      ),
    },
    {
      reads: 'lookups',
      compared: await each([...ids].flatMap(inParts), ([chatId, part]) =>
        compareLookup([right.lookup, found.lookup], { chatId, ids: part, userIds: chats.get(chatId) ?? [] }),
      ),
    },
  ];
}

async function each<T>(subjects: readonly T[], compare: (subject: T) => Promise<Compared>): Promise<Compared> {
  const total: Compared = { rows: 0, differences: [] };
  const left = subjects.values();
  const lane = async (): Promise<void> => {
    for (const subject of left) {
      const { rows, differences } = await patiently(() => compare(subject));
      total.rows += rows;
      total.differences.push(...differences);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return total;
}

/** The marks of members, and which event is the last at an instant. */
async function compareInstants(
  { right, found }: { right: ViewReaders; found: ViewReaders },
  { chatId, random }: { chatId: ChatId; random: Seeded },
): Promise<Compared> {
  const compared: Compared = { rows: 0, differences: [] };
  const check = ([a, b]: readonly unknown[], what: string): void => {
    compared.rows++;
    if (!isDeepStrictEqual(a, b)) compared.differences.push({ chatId, seq: 0, what });
  };
  const both = <T>(read: (views: ViewReaders) => Promise<T>): Promise<[T, T]> =>
    Promise.all([read(right), read(found)]);
  check(await both(({ userChats }) => userChats.receipts(chatId, MARKS_MAX)), 'marks differ');
  const head = await right.chatLog.head(chatId);
  const first = Date.parse((await right.chatLog.atOf(chatId, 1)) ?? '');
  const last = Date.parse(head?.at ?? '');
  for (let n = 0; n < INSTANTS_PER_CHAT; n++) {
    const exactly = Date.parse((await right.chatLog.atOf(chatId, 1 + random.below(head?.seq ?? 1))) ?? '');
    for (const time of [first - 1 + random.below(last - first + 2), exactly, exactly - 1]) {
      const found = await both(({ chatLog }) => chatLog.seqAt(chatId, time));
      check(found, `the last event at ${time} differs`);
      const through = found[0]?.seq ?? 0;
      check(await both(({ chatHistory }) => chatHistory.numberThrough(chatId, through)), `number through ${through}`);
    }
  }
  return compared;
}

function inParts([chatId, ids]: [ChatId, string[]]): [ChatId, string[]][] {
  const parts: [ChatId, string[]][] = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) parts.push([chatId, ids.slice(from, from + IDS_AT_ONCE)]);
  return parts;
}

async function compareLookup(
  [right, found]: readonly [MessageLookup, MessageLookup],
  { chatId, ids, userIds }: { chatId: ChatId; ids: readonly string[]; userIds: readonly UserId[] },
): Promise<Compared> {
  const reactions = ids
    .filter((_, n) => n % REACTION_EVERY === 0)
    .map((messageId, n) => ({
      messageId,
      userId: userIds[n % Math.min(3, userIds.length)] ?? '',
      emoji: EMOJIS[n % EMOJIS.length] ?? '',
    }));
  const asked = { chatId, ids, reactions };
  const [wanted, there] = await Promise.all([right.find(asked), found.find(asked)]);
  const differences = ids
    .filter((id) => !isDeepStrictEqual(wanted.found.get(id), there.found.get(id)))
    .map((id) => ({ chatId, seq: wanted.found.get(id)?.seq ?? 0, what: `what is known of ${id} differs` }));
  if (wanted.throughSeq !== there.throughSeq) differences.push({ chatId, seq: wanted.throughSeq, what: 'through' });
  return { rows: ids.length, differences };
}
