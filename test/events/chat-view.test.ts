import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChatEvent, ChatFact } from '../../events/chat.ts';
import { applyEvent, type ChatView, continuity, emptyChat, type MessageView } from '../../events/chat-view.ts';
import { KINDS, startChat, testId, userId } from '../support/random-chat.ts';
import { seeded } from '../support/seeded.ts';

const USERS = Array.from({ length: 5 }, (_, n) => userId(n + 1));
const EVENTS = 120;

/** Chats such as members really make, each from its seed. */
const chats = fc.record({ seed: fc.nat(), kind: fc.nat({ max: KINDS.length - 1 }) }).map(({ seed, kind }) => {
  const random = seeded(seed);
  const kinds = KINDS[kind] as (typeof KINDS)[number];
  const users = kinds.kind === 'direct' ? USERS.slice(0, 2) : USERS;
  const chat = startChat({ ...kinds, n: 1, users, positions: { last: 0 }, random });
  while (chat.events.length < EVENTS) chat.grow(random);
  return chat.events;
});

const fold = (events: readonly ChatEvent[]): ChatView => {
  const view = emptyChat(events[0]?.chatId ?? '');
  for (const event of events) applyEvent(view, event);
  return view;
};
const pageOf = (view: ChatView): MessageView[] => [...view.messages.values()];

describe('a fold of events 1..n', () => {
  test('has every message once, in order, numbered without gaps, at the seq, time and hand that sent it', () => {
    fc.assert(
      fc.property(chats, (events) => {
        const sent = events.filter((event) => event.type === 'MessageSent');
        const seen = pageOf(fold(events));
        expect(
          seen.map(({ messageId, seq, number, senderId, at }) => ({ messageId, seq, number, senderId, at })),
        ).toEqual(
          sent.map(({ seq, actor, at, data }) => ({
            messageId: data.messageId,
            seq,
            number: data.number,
            senderId: actor,
            at,
          })),
        );
        expect(seen.map(({ number }) => number)).toEqual(seen.map((_, i) => i + 1));
      }),
    );
  });

  test('has the last words of each message, and nothing of a deleted one', () => {
    fc.assert(
      fc.property(chats, (events) => {
        for (const message of pageOf(fold(events))) {
          const about = events.filter(({ data }) => 'messageId' in data && data.messageId === message.messageId);
          expect(message.rev).toBe(about.length);
          const deleted = about.some(({ type }) => type === 'MessageDeleted');
          const edited = about.findLast(({ type }) => type === 'MessageEdited');
          const words = (edited ?? about[0])?.data as { text: string };
          expect(message).toMatchObject({ deleted, text: deleted ? '' : words.text, editedAt: edited?.at ?? null });
          if (deleted) expect(message).toMatchObject({ reactions: [], mentions: [], files: [], withheld: null });
        }
      }),
    );
  });

  test('has exactly the reactions that stand: emoji in the order in which they came, users in theirs', () => {
    fc.assert(
      fc.property(chats, (events) => {
        for (const message of pageOf(fold(events)).filter(({ deleted }) => !deleted)) {
          expect(message.reactions).toEqual(standing(events, message.messageId));
        }
      }),
    );
  });

  test('has the members of now, each since the latest coming', () => {
    fc.assert(
      fc.property(chats, (events) => {
        const { members } = fold(events);
        for (const user of USERS) {
          const own = events.filter(
            ({ type, data }) => 'userId' in data && data.userId === user && type !== 'MemberRoleChanged',
          );
          const last = own.at(-1);
          const founder = events[0]?.type === 'ChatStarted' && events[0].data.members.some((m) => m.userId === user);
          const since =
            last === undefined ? (founder ? 1 : undefined) : last.type === 'MemberAdded' ? last.seq : undefined;
          expect(members.get(user)?.sinceSeq).toBe(since);
        }
      }),
    );
  });

  test('is the same in one go and in two, and a page taken on the way stays as it was', () => {
    fc.assert(
      fc.property(chats, fc.nat({ max: EVENTS }), (events, n) => {
        const view = fold(events.slice(0, n));
        const page = pageOf(view);
        const members = [...view.members.values()];
        const before = structuredClone({ page, members });
        for (const event of events.slice(n)) applyEvent(view, event);
        expect({ page, members }).toEqual(before);
        expect({ ...view, chatId: '' }).toEqual({ ...fold(events), chatId: '' });
        expect([view.seq, view.at]).toEqual([EVENTS, events.at(-1)?.at]);
      }),
    );
  });

  test('changes no event', () => {
    fc.assert(
      fc.property(chats, (events) => {
        const before = structuredClone(events);
        fold(events);
        expect(events).toEqual(before);
      }),
    );
  });
});

describe('any order of changes of one message', () => {
  const messageId = testId('M', 1);
  const change = fc.record({
    type: fc.constantFrom('MessageEdited', 'MessageDeleted', 'ReactionAdded', 'ReactionRemoved'),
    actor: fc.constantFrom(...USERS),
    emoji: fc.constantFrom('👍', '❤️', '🎉'),
    text: fc.string(),
  });

  test('reactions are a set, a message of unknown id stays unknown, what is deleted stays deleted', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const events = history(messageId, changes);
        const view = fold(events);
        const message = view.messages.get(messageId) as MessageView;
        expect(view.messages.size).toBe(1);
        expect(message.rev).toBe(changes.length + 1);
        expect(message.deleted).toBe(changes.some(({ type }) => type === 'MessageDeleted'));
        if (!message.deleted) expect(message.reactions).toEqual(standing(events, messageId));
        for (const { userIds } of message.reactions) {
          expect(userIds.length).toBeGreaterThan(0);
          expect(new Set(userIds).size).toBe(userIds.length);
        }
      }),
    );
  });
});

describe('order', () => {
  const events = history(testId('M', 1), [{ type: 'MessageEdited', actor: userId(1), emoji: '', text: 'b' }]);

  test('tells the next event, a repeat and a gap', () => {
    expect([1, 2, 3, 4, 9].map((seq) => continuity(2, { seq }))).toEqual(['repeat', 'repeat', 'next', 'gap', 'gap']);
    expect(continuity(0, { seq: 1 })).toBe('next');
  });

  test('a repeat or a gap is a broken invariant, and leaves the view as it was', () => {
    const view = fold(events.slice(0, 2));
    const before = structuredClone(view);
    for (const seq of [1, 2, 4]) {
      expect(() => applyEvent(view, { ...(events[2] as ChatEvent), seq })).toThrow(`event ${seq} cannot follow 2`);
    }
    expect(view).toEqual(before);
  });

  test('an event of an unknown type moves the chat on by one and changes nothing else', () => {
    const view = fold(events);
    const before = structuredClone({ messages: view.messages, members: view.members, title: view.title });
    const younger = { ...(events[2] as ChatEvent), seq: 4, type: 'ChatArchived', data: { title: 'x' } } as never;
    applyEvent(view, younger);
    expect(view.seq).toBe(4);
    expect({ messages: view.messages, members: view.members, title: view.title }).toEqual(before);
  });
});

/** A chat of one message, and changes of it one after the other, possible or not. */
function history(
  messageId: string,
  changes: readonly { type: string; actor: string; emoji: string; text: string }[],
): ChatEvent[] {
  const facts: { actor: string; fact: ChatFact }[] = [
    {
      actor: userId(1),
      fact: {
        type: 'ChatStarted',
        data: { kind: 'group', title: 't', members: [], historyVisibility: 'all', pastContent: 'then' },
      },
    },
    {
      actor: userId(1),
      fact: { type: 'MessageSent', data: { messageId, number: 1, text: 'a', mentions: [userId(2)] } },
    },
    ...changes.map(({ type, actor, emoji, text }, i) => {
      const about = { messageId, messageSeq: 2, rev: i + 2 };
      const beside = type === 'MessageEdited' ? { text } : type === 'MessageDeleted' ? {} : { emoji };
      return { actor, fact: { type, data: { ...about, ...beside } } as ChatFact };
    }),
  ];
  return facts.map(({ actor, fact }, i) => {
    const at = new Date(1_700_000_000_000 + i).toISOString();
    const id = testId('E', i);
    const frame = {
      v: 1,
      actor,
      at,
      recordedAt: at,
      position: `e1-${i}`,
      eventId: id,
      commandId: id,
      correlationId: id,
    };
    return { chatId: testId('C', 1), seq: i + 1, ...fact, ...frame };
  });
}

/** What stands of all reactions to a message: by hand, one after the other. */
function standing(events: readonly ChatEvent[], messageId: string): { emoji: string; userIds: string[] }[] {
  const all = new Map<string, string[]>();
  for (const { type, actor, data } of events) {
    if ((type !== 'ReactionAdded' && type !== 'ReactionRemoved') || data.messageId !== messageId) continue;
    const others = (all.get(data.emoji) ?? []).filter((user) => user !== actor);
    if (type === 'ReactionAdded')
      all.set(data.emoji, all.get(data.emoji)?.includes(actor) ? (all.get(data.emoji) ?? []) : [...others, actor]);
    else if (others.length === 0) all.delete(data.emoji);
    else all.set(data.emoji, others);
  }
  return [...all].map(([emoji, userIds]) => ({ emoji, userIds }));
}
