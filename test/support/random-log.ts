import type { ChatEvent } from '../../events/chat.ts';
import { plain } from '../../events/content.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { UserRow } from '../../queries/users/view.ts';
import { recordedChat, recordedReceipts, recordedUser } from './array-log.ts';
import { type GrowingChat, KINDS, type Positions, startChat, userId } from './random-chat.ts';
import { type Seeded, seeded } from './seeded.ts';

/** A log of some chats of every kind with their users and receipts, and what a naive reader needs of it. */
export interface RandomLog {
  readonly events: RecordedEvent[];
  readonly chats: readonly GrowingChat[];
  readonly chatEvents: readonly ChatEvent[];
  readonly users: readonly UserRow[];
  readonly marks: ReadonlyMap<string, { readSeq: number; deliveredSeq: number }>;
}

const USERS = 8;
const NAMES = ['mara', 'marc', 'Márta', 'jo', 'Jørgen', 'ana', 'Anabel', 'zoë'];

export function randomLog({ seed, events: wanted }: { seed: number; events: number }): RandomLog {
  const random = seeded(seed);
  const positions: Positions = { last: 0 };
  const events: RecordedEvent[] = [];
  const chatEvents: ChatEvent[] = [];
  const marks = new Map<string, { readSeq: number; deliveredSeq: number }>();
  const revisions = new Map<string, number>();
  const ids = Array.from({ length: USERS }, (_, n) => userId(n + 1));
  const users = registerUsers(ids, positions, events);
  const keep = (event: ChatEvent) => {
    chatEvents.push(event);
    events.push(recordedChat(event));
  };
  const chats = KINDS.map((kinds, n) => {
    const members = kinds.kind === 'direct' ? ids.slice(n, n + 2) : ids;
    const chat = startChat({ ...kinds, n: n + 1, users: members, positions, random });
    keep(chat.events[0] as ChatEvent);
    return chat;
  });
  while (events.length < wanted) {
    const chat = random.pick(chats);
    if (random.chance(0.1)) events.push(moveReceipts({ chat, random, positions, revisions, marks }));
    else keep(chat.grow(random));
  }
  return { events, chats, chatEvents, users, marks };
}

function registerUsers(ids: readonly string[], positions: Positions, events: RecordedEvent[]): UserRow[] {
  return ids.map((actor, n) => {
    const displayName = NAMES[n] ?? actor;
    // The last one came with an import.
    const username =
      n === ids.length - 1
        ? null
        : `${displayName
            .normalize('NFKD')
            .toLowerCase()
            .replace(/[^a-z]/g, '')}_${n}`;
    const position = ++positions.last;
    const data = { username, displayName: plain(displayName), password: username !== null };
    events.push(recordedUser({ position, revision: 0, actor }, { type: 'UserRegistered', data }));
    return { userId: actor, username, displayName };
  });
}

function moveReceipts(of: {
  chat: GrowingChat;
  random: Seeded;
  positions: Positions;
  revisions: Map<string, number>;
  marks: Map<string, { readSeq: number; deliveredSeq: number }>;
}): RecordedEvent {
  const { chat, random, positions, revisions, marks } = of;
  const actor = random.pick([...chat.view.members.keys()]);
  const key = `${chat.chatId} ${actor}`;
  const old = marks.get(key) ?? { readSeq: 0, deliveredSeq: 0 };
  const deliveredSeq = Math.max(old.deliveredSeq, random.below(chat.view.seq + 1));
  const moved = { readSeq: Math.max(old.readSeq, random.below(deliveredSeq + 1)), deliveredSeq };
  marks.set(key, moved);
  const revision = (revisions.get(key) ?? -1) + 1;
  revisions.set(key, revision);
  return recordedReceipts({ position: ++positions.last, revision, actor, chatId: chat.chatId }, moved);
}
