import type { ChatEvent } from '../../events/chat.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import type { Access } from '../../queries/index.ts';
import type { MembersReader, Stay } from '../../queries/members/view.ts';
import type { UserChatRow, UserChatsReader } from '../../queries/user-chats/view.ts';
import { eventsOf, foldOf, type NaiveState, positionOf } from './naive-state.ts';

/** The stays of a user, by walking all events of a chat. */
export function staysOf(events: readonly ChatEvent[], userId: UserId): Stay[] {
  const stays: Stay[] = [];
  for (const event of events) {
    if (event.type === 'ChatStarted' && event.data.members.some((member) => member.userId === userId)) {
      stays.push({ from: event.seq, to: null });
    } else if (event.type === 'MemberAdded' && event.data.userId === userId) {
      stays.push({ from: event.seq, to: null });
    } else if (event.type === 'MemberRemoved' && event.data.userId === userId) {
      const last = stays.pop();
      if (last !== undefined) stays.push({ ...last, to: event.seq });
    }
  }
  return stays;
}

export function naiveAccess(events: readonly ChatEvent[], userId: UserId): Access | null {
  const chat = foldOf('', events);
  if (chat.kind === null) return null;
  return {
    kind: chat.kind,
    historyVisibility: chat.historyVisibility,
    pastContent: chat.pastContent,
    headSeq: chat.seq,
    role: chat.members.get(userId)?.role ?? null,
    spans: staysOf(events, userId),
  };
}

export const naiveMembers = (state: NaiveState): MembersReader => ({
  settings: async (chatId) => {
    const { kind, historyVisibility, pastContent, seq } = foldOf(chatId, eventsOf(state, chatId));
    return kind === null ? null : { kind, historyVisibility, pastContent, headSeq: seq };
  },
  stays: async (chatId, userId) => {
    const events = eventsOf(state, chatId);
    return { role: foldOf(chatId, events).members.get(userId)?.role ?? null, stays: staysOf(events, userId) };
  },
  membersAsOf: async (chatId, page) =>
    [...foldOf(chatId, eventsOf(state, chatId, page)).members.values()]
      .filter(({ userId }) => page.after === undefined || userId > page.after)
      .toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
      .slice(0, page.limit),
  frameAsOf: async (chatId, through) => {
    const { title, members } = foldOf(chatId, eventsOf(state, chatId, { through }));
    return { title, memberCount: members.size };
  },
});

export const naiveUserChats = (state: NaiveState): UserChatsReader => ({
  chatsOf: async (userId, page) =>
    [...new Set(state.log.map(({ chatId }) => chatId))]
      .flatMap((chatId) => rowOf(state, chatId, userId) ?? [])
      .filter(({ orderPosition }) => page.before === undefined || orderPosition < page.before)
      .filter(({ headPosition }) => page.changedAfter === undefined || headPosition > page.changedAfter)
      .toSorted((a, b) => b.orderPosition - a.orderPosition)
      .slice(0, page.limit),
  chatOf: async (userId, chatId) => rowOf(state, chatId, userId),
  receipts: async (chatId, limit) =>
    [...foldOf(chatId, eventsOf(state, chatId)).members.keys()]
      .toSorted()
      .slice(0, limit)
      .map((userId) => ({ userId, ...marksOf(state, chatId, userId) })),
});

function marksOf(state: NaiveState, chatId: ChatId, userId: UserId): { readSeq: number; deliveredSeq: number } {
  const events = eventsOf(state, chatId);
  const coming = staysOf(events, userId).at(-1)?.from ?? 0;
  const sent = events.findLast((event) => event.type === 'MessageSent' && event.actor === userId)?.seq ?? 0;
  const marks = state.marks.get(`${chatId} ${userId}`) ?? { readSeq: 0, deliveredSeq: 0 };
  const readSeq = Math.max(coming, sent, marks.readSeq);
  return { readSeq, deliveredSeq: Math.max(readSeq, marks.deliveredSeq) };
}

function rowOf(state: NaiveState, chatId: ChatId, userId: UserId): UserChatRow | null {
  const events = eventsOf(state, chatId);
  const chat = foldOf(chatId, events);
  const role = chat.members.get(userId)?.role;
  const [first, last] = [events[0], events.at(-1)];
  if (role === undefined || chat.kind === null || first === undefined || last === undefined) return null;
  const lastSent = events.findLast(({ type }) => type === 'MessageSent');
  return {
    chatId,
    kind: chat.kind,
    title: chat.title,
    memberCount: chat.members.size,
    headSeq: chat.seq,
    headPosition: positionOf(last),
    orderPosition: positionOf(lastSent ?? first),
    lastMessageSeq: lastSent?.seq ?? 0,
    messageCount: chat.messages.size,
    historyVisibility: chat.historyVisibility,
    pastContent: chat.pastContent,
    role,
    stays: staysOf(events, userId),
    ...marksOf(state, chatId, userId),
  };
}
