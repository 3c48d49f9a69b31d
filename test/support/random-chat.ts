import type { ChatEvent, ChatFact, ChatKind, HistoryVisibility, PastContent } from '../../events/chat.ts';
import { applyEvent, type ChatView, emptyChat, type MessageView } from '../../events/chat-view.ts';
import { directChatId, type UserId } from '../../events/ids.ts';
import { encodePosition } from '../../events/position.ts';
import type { Seeded } from './seeded.ts';

export const EPOCH = 'e1';
const START_MS = Date.UTC(2026, 0, 1);
const EMOJIS = ['👍', '❤️'];

export const testId = (kind: string, n: number): string => `01HZZZZZZZ${kind}${String(n).padStart(15, '0')}`;
export const userId = (n: number): UserId => testId('V', n);

export interface ChatKinds {
  kind: ChatKind;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
}
export const KINDS: readonly ChatKinds[] = [
  { kind: 'direct', historyVisibility: 'all', pastContent: 'then' },
  { kind: 'direct', historyVisibility: 'all', pastContent: 'now' },
  { kind: 'group', historyVisibility: 'all', pastContent: 'then' },
  { kind: 'group', historyVisibility: 'all', pastContent: 'now' },
  { kind: 'group', historyVisibility: 'since-join', pastContent: 'then' },
  { kind: 'group', historyVisibility: 'since-join', pastContent: 'now' },
];

/** A log position that every next event gets, over all chats of a test. */
export interface Positions {
  last: number;
}

/** A chat that grows by valid events: what a run of real commands could have left behind. */
export interface GrowingChat {
  readonly chatId: string;
  readonly view: ChatView;
  readonly events: ChatEvent[];
  add(actor: UserId, fact: ChatFact): ChatEvent;
  /** One more valid event, chosen at random among what members may do. */
  grow(random: Seeded): ChatEvent;
}

export interface ChatStart extends ChatKinds {
  n: number;
  /** Of a group, all who may ever be in it; of a direct chat the first two. The first one begins it. */
  users: readonly UserId[];
  positions: Positions;
  random: Seeded;
}

export function startChat(start: ChatStart): GrowingChat {
  const [first = '', second = ''] = start.users;
  const direct = start.kind === 'direct';
  const chatId = direct ? directChatId(first, second) : testId('C', start.n);
  const view = emptyChat(chatId);
  const events: ChatEvent[] = [];
  let time = START_MS + start.n * 1_000;
  let messages = 0;

  const add = (actor: UserId, fact: ChatFact): ChatEvent => {
    time += start.random.pick([0, 0, 1, 5, 1_000]);
    const seq = events.length + 1;
    start.positions.last += start.random.chance(0.2) ? 3 : 1;
    const at = new Date(time).toISOString();
    const id = testId('E', start.positions.last);
    const event: ChatEvent = {
      chatId,
      seq,
      ...fact,
      v: 1,
      actor,
      at,
      recordedAt: at,
      position: encodePosition(EPOCH, start.positions.last),
      eventId: id,
      commandId: id,
      correlationId: id,
    };
    events.push(event);
    applyEvent(view, event);
    return event;
  };

  add(first, {
    type: 'ChatStarted',
    data: {
      kind: start.kind,
      ...(direct ? {} : { title: 'first title' }),
      members: direct
        ? [
            { userId: first, role: 'member' },
            { userId: second, role: 'member' },
          ]
        : [
            { userId: first, role: 'admin' },
            { userId: second, role: 'member' },
          ],
      historyVisibility: start.historyVisibility,
      pastContent: start.pastContent,
    },
  });
  const send = (actor: UserId, text: string, random: Seeded): ChatEvent => {
    messages += 1;
    const answered = view.messages.size > 0 && random.chance(0.3) ? random.pick([...view.messages.values()]) : null;
    return add(actor, {
      type: 'MessageSent',
      data: {
        messageId: testId('M', start.n * 100_000 + messages),
        number: messages,
        text,
        ...(answered === null ? {} : { replyTo: { messageId: answered.messageId, seq: answered.seq } }),
        ...(random.chance(0.1) ? { mentions: [random.pick(start.users)] } : {}),
        ...(random.chance(0.1)
          ? { files: [{ fileId: testId('F', messages), name: 'plan.txt', mediaType: 'text/plain', sizeBytes: 3 }] }
          : {}),
      },
    });
  };
  const grow = (random: Seeded): ChatEvent => {
    const moves: (() => ChatEvent | null)[] = [
      () => send(random.pick([...view.members.keys()]), `message ${messages + 1}`, random),
      () => send(random.pick([...view.members.keys()]), `message ${messages + 1}`, random),
      () => changeMessage({ view, add, random }),
      () => changeMessage({ view, add, random }),
      ...(direct ? [] : [() => changeMembers({ view, add, random, users: start.users })]),
    ];
    for (;;) {
      const event = random.pick(moves)();
      if (event !== null) return event;
    }
  };
  return { chatId, view, events, add, grow };
}

interface Move {
  view: ChatView;
  add: GrowingChat['add'];
  random: Seeded;
}

function changeMessage({ view, add, random }: Move): ChatEvent | null {
  const standing = [...view.messages.values()].filter(({ deleted }) => !deleted);
  if (standing.length === 0) return null;
  const message = random.pick(random.chance(0.7) ? standing.slice(-6) : standing);
  const actor = random.pick([...view.members.keys()]);
  const about = { messageId: message.messageId, messageSeq: message.seq, rev: message.rev + 1 };
  const own = message.senderId === actor;
  if (own && random.chance(0.4)) {
    return add(actor, { type: 'MessageEdited', data: { ...about, text: `${message.text} +${about.rev}` } });
  }
  if ((own || view.members.get(actor)?.role === 'admin') && random.chance(0.4)) {
    return add(actor, { type: 'MessageDeleted', data: about });
  }
  return react({ message, about, actor, add, random });
}

function react(on: {
  message: MessageView;
  about: { messageId: string; messageSeq: number; rev: number };
  actor: UserId;
  add: GrowingChat['add'];
  random: Seeded;
}): ChatEvent {
  const emoji = on.random.pick(EMOJIS);
  const stands = on.message.reactions.some(
    (reaction) => reaction.emoji === emoji && reaction.userIds.includes(on.actor),
  );
  return on.add(on.actor, { type: stands ? 'ReactionRemoved' : 'ReactionAdded', data: { ...on.about, emoji } });
}

function changeMembers({ view, add, random, users }: Move & { users: readonly UserId[] }): ChatEvent | null {
  const admins = [...view.members.values()].filter(({ role }) => role === 'admin');
  const actor = random.pick(admins).userId;
  const who = random.pick(users);
  const member = view.members.get(who);
  if (random.chance(0.15)) return add(actor, { type: 'ChatRenamed', data: { title: `title ${view.seq + 1}` } });
  if (member === undefined)
    return add(actor, { type: 'MemberAdded', data: { userId: who, role: random.chance(0.2) ? 'admin' : 'member' } });
  if ((member.role === 'admin' && admins.length === 1) || random.chance(0.4)) return null;
  if (random.chance(0.3)) {
    return add(actor, {
      type: 'MemberRoleChanged',
      data: { userId: who, role: member.role === 'admin' ? 'member' : 'admin' },
    });
  }
  return add(random.chance(0.5) ? who : actor, { type: 'MemberRemoved', data: { userId: who } });
}
