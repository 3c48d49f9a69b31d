import { plain } from '../../events/content.ts';
import type { NewEvent } from '../../events/event-store.ts';
import { chatStream, receiptsStream, userStream } from '../../events/streams.ts';
import { openSqliteEventStore, type SqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { type Seeded, seeded } from '../support/seeded.ts';

/** A log as a busy deployment has it: 80 % sends, the rest reactions, edits, deletions, memberships and receipts. */
export interface BigLog {
  file: string;
  events: number;
  chats: number;
  usersPerChat: number;
  seed: number;
}

const APPEND_EVENTS = 25;
const APPENDS_AT_ONCE = 200;
const TEXT =
  'The quick brown fox jumps over the lazy dog, and then it sits down to think about what it has just done with its day. ';
const EMOJIS = ['👍', '❤️', '😂', '🎉', '😮', '😢'];
const START_MS = Date.UTC(2026, 0, 1);

const ulidOf = (kind: string, n: number): string => `01J0${kind}${String(n).padStart(21, '0')}`;

interface Message {
  id: string;
  seq: number;
  rev: number;
  sender: string;
  deleted: boolean;
  reactions: Set<string>;
}

interface Chat {
  readonly id: string;
  readonly members: string[];
  readonly outsiders: string[];
  readonly recent: Message[];
  seq: number;
  messages: number;
}

interface Made {
  ids: number;
  time: number;
}

export async function writeBigLog(of: BigLog): Promise<void> {
  const store = await openSqliteEventStore({ file: of.file });
  const random = seeded(of.seed);
  const made: Made = { ids: 0, time: START_MS };
  const chats = Array.from({ length: of.chats }, (_, n) => newChat(n, of.usersPerChat));
  const users = new Set(chats.flatMap(({ members, outsiders }) => [...members, ...outsiders]));
  await Promise.all(
    [...users].map((user, n) => {
      const data = { username: `user_${n}`, displayName: plain(`User ${n}`), password: true };
      return store.append(userStream(user), -1, [event(made, user, 'UserRegistered', data)]);
    }),
  );
  const receipts = new Map<string, number>();
  let left = of.events;
  while (left > 0) {
    const round = Math.min(APPENDS_AT_ONCE, chats.length, Math.ceil(left / APPEND_EVENTS));
    const picked = new Set<Chat>();
    while (picked.size < round) picked.add(random.pick(chats));
    await Promise.all([...picked].map((chat) => appendTo(store, { chat, random, made, receipts })));
    left -= round * APPEND_EVENTS;
  }
  await store.close();
}

function newChat(n: number, members: number): Chat {
  const user = (k: number) => ulidOf('V', (n * 7 + k) % 5_000);
  return {
    id: ulidOf('C', n),
    members: Array.from({ length: members }, (_, k) => user(k)),
    outsiders: Array.from({ length: 5 }, (_, k) => user(members + k)),
    recent: [],
    seq: 0,
    messages: 0,
  };
}

function event(made: Made, actor: string, ...[type, data, commandId]: [string, unknown, string?]): NewEvent {
  const id = commandId ?? ulidOf('D', ++made.ids);
  made.time += 3;
  return {
    eventId: deterministicUuid('bench', id),
    type,
    data: JSON.stringify(data),
    metadata: JSON.stringify({ v: 1, actor, at: made.time, commandId: id, correlationId: id }),
  };
}

async function appendTo(
  store: SqliteEventStore,
  { chat, random, made, receipts }: { chat: Chat; random: Seeded; made: Made; receipts: Map<string, number> },
): Promise<void> {
  const expected = chat.seq - 1;
  const events: NewEvent[] = [];
  if (chat.seq === 0) events.push(started(chat, made));
  while (events.length < APPEND_EVENTS - 1) events.push(next(chat, random, made));
  await store.append(chatStream(chat.id), expected, events);
  const reader = random.pick(chat.members);
  const stream = receiptsStream(chat.id, reader);
  const revision = receipts.get(stream) ?? -1;
  receipts.set(stream, revision + 1);
  await store.append(stream, revision, [
    event(made, reader, 'ReceiptsMoved', { readSeq: chat.seq, deliveredSeq: chat.seq }),
  ]);
}

function started(chat: Chat, made: Made): NewEvent {
  chat.seq++;
  const [admin = ''] = chat.members;
  return event(made, admin, 'ChatStarted', {
    kind: 'group',
    title: plain(`Chat ${chat.id}`),
    members: chat.members.map((userId) => ({ userId, role: userId === admin ? 'admin' : 'member' })),
    historyVisibility: 'all',
    pastContent: 'then',
  });
}

function next(chat: Chat, random: Seeded, made: Made): NewEvent {
  chat.seq++;
  const actor = random.pick(chat.members);
  const roll = random.next();
  const message = chat.recent.length > 0 ? random.pick(chat.recent) : undefined;
  if (roll < 0.8 || !message || message.deleted) return send(chat, random, { made, actor });
  const about = { messageId: message.id, messageSeq: message.seq };
  if (roll < 0.93) {
    const emoji = random.pick(EMOJIS);
    const key = `${actor} ${emoji}`;
    const stands = message.reactions.has(key);
    if (stands) message.reactions.delete(key);
    else message.reactions.add(key);
    return event(made, actor, stands ? 'ReactionRemoved' : 'ReactionAdded', { ...about, rev: ++message.rev, emoji });
  }
  if (roll < 0.97) {
    const text = plain(`${TEXT}, edited`);
    return event(made, message.sender, 'MessageEdited', { ...about, rev: ++message.rev, text });
  }
  if (roll < 0.98) {
    message.deleted = true;
    return event(made, message.sender, 'MessageDeleted', { ...about, rev: ++message.rev });
  }
  return membership(chat, made);
}

function send(chat: Chat, random: Seeded, { made, actor }: { made: Made; actor: string }): NewEvent {
  const id = ulidOf('M', ++made.ids);
  const text = plain(TEXT.slice(0, 20 + random.below(TEXT.length - 20)));
  chat.recent.push({ id, seq: chat.seq, rev: 1, sender: actor, deleted: false, reactions: new Set() });
  if (chat.recent.length > 50) chat.recent.shift();
  const replied = random.chance(0.1) ? random.pick(chat.recent) : null;
  const replyTo = replied && replied.seq !== chat.seq ? { messageId: replied.id, seq: replied.seq } : null;
  const data = { messageId: id, number: ++chat.messages, text, ...(replyTo && { replyTo }) };
  return event(made, actor, 'MessageSent', data, id);
}

function membership(chat: Chat, made: Made): NewEvent {
  const [admin = ''] = chat.members;
  const comer = chat.outsiders.shift();
  if (comer !== undefined) {
    chat.members.push(comer);
    return event(made, admin, 'MemberAdded', { userId: comer, role: 'member' });
  }
  const goer = chat.members.pop() as string;
  chat.outsiders.push(goer);
  return event(made, admin, 'MemberRemoved', { userId: goer });
}
