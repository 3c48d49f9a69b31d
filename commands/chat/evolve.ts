import type { Role, StoredChatFact } from '../../events/chat.ts';
import { words } from '../../events/content.ts';
import type { MessageId, UserId } from '../../events/ids.ts';
import type { Journal } from '../journal.ts';
import { type ChatState, type Happened, type MessageState, reactorKey } from './state.ts';

/** Applies the next event to the whole state. */
export function evolve(state: ChatState, event: Happened, journal: Journal): void {
  if (!state.ids.seqs.has(event.commandId)) journal.set(state.ids.seqs, event.commandId, event.seq);
  state.head.seq = event.seq;
  state.head.at = event.at;
  // Its number is taken, should anybody ever mend it.
  if (event.damaged === 'MessageSent') state.head.messages += 1;
  if (event.fact === null) return;
  if (event.fact.type === 'MessageSent') journal.set(state.sent, event.actor, event.seq);
  evolveCore(state, event.seq, event.fact, journal);
  evolveMessages(state.messages, event, journal);
}

function evolveCore(state: ChatState, seq: number, fact: StoredChatFact, journal: Journal): void {
  switch (fact.type) {
    case 'ChatStarted': {
      const { kind, title, historyVisibility, pastContent } = fact.data;
      Object.assign(state.head, { kind, title: title ? words(title) : null, historyVisibility, pastContent });
      for (const { userId, role } of fact.data.members) comes(state, { userId, role, seq }, journal);
      return;
    }
    case 'ChatRenamed':
      state.head.title = words(fact.data.title);
      return;
    case 'MemberAdded':
      comes(state, { ...fact.data, seq }, journal);
      return;
    case 'MemberRemoved':
      goes(state, fact.data.userId, seq, journal);
      return;
    case 'MemberRoleChanged': {
      const member = state.members.get(fact.data.userId);
      if (!member || member.role === null) return;
      journal.set(state.members, fact.data.userId, { ...member, role: fact.data.role });
      count(state, 0, admins(fact.data.role) - admins(member.role));
      return;
    }
    case 'MessageSent':
      state.head.messages = fact.data.number;
      return;
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved':
      return;
  }
}

const admins = (role: Role | null): number => (role === 'admin' ? 1 : 0);

function count(state: ChatState, members: number, adminsMore: number): void {
  state.head.members += members;
  state.head.admins += adminsMore;
}

function comes(state: ChatState, coming: { userId: UserId; role: Role; seq: number }, journal: Journal): void {
  const { userId, role, seq } = coming;
  const before = state.members.get(userId);
  if (before && before.role !== null) {
    journal.set(state.members, userId, { ...before, role });
    count(state, 0, admins(role) - admins(before.role));
    return;
  }
  journal.set(state.members, userId, { role, spans: [...(before?.spans ?? []), { from: seq, to: null }] });
  count(state, 1, admins(role));
}

function goes(state: ChatState, userId: UserId, seq: number, journal: Journal): void {
  const before = state.members.get(userId);
  if (!before || before.role === null) return;
  const spans = before.spans.map((span) => (span.to === null ? { ...span, to: seq } : span));
  journal.set(state.members, userId, { role: null, spans });
  count(state, -1, -admins(before.role));
}

/** Applies what an event does to messages at hand, and takes in the one that it sends. */
export function evolveMessages(messages: Map<MessageId, MessageState>, event: Happened, journal: Journal): void {
  const { fact, seq, actor } = event;
  switch (fact?.type) {
    case 'MessageSent': {
      const { messageId, text, mentions } = fact.data;
      journal.set(messages, messageId, {
        seq,
        senderId: actor,
        rev: 1,
        deleted: false,
        text: words(text),
        mentions: mentions ?? [],
        emojis: new Map(),
        reactors: new Map(),
        complete: true,
      });
      return;
    }
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved': {
      const message = messages.get(fact.data.messageId);
      if (message) journal.set(messages, fact.data.messageId, changed(message, { fact, actor }, journal));
      return;
    }
    default:
      return;
  }
}

type ChangeFact = StoredChatFact & { type: 'MessageEdited' | 'MessageDeleted' | 'ReactionAdded' | 'ReactionRemoved' };

function changed(message: MessageState, event: { fact: ChangeFact; actor: UserId }, journal: Journal): MessageState {
  const { fact, actor } = event;
  const { rev } = fact.data;
  switch (fact.type) {
    case 'MessageEdited':
      return { ...message, rev, text: words(fact.data.text), mentions: fact.data.mentions ?? [] };
    case 'MessageDeleted':
      return {
        ...message,
        rev,
        deleted: true,
        text: '',
        mentions: [],
        emojis: new Map(),
        reactors: new Map(),
        complete: true,
      };
    case 'ReactionAdded':
    case 'ReactionRemoved':
      react(message, { emoji: fact.data.emoji, actor, stands: fact.type === 'ReactionAdded' }, journal);
      return { ...message, rev };
  }
}

function react(
  message: MessageState,
  reaction: { emoji: string; actor: UserId; stands: boolean },
  journal: Journal,
): void {
  const { emoji, actor, stands } = reaction;
  const key = reactorKey(emoji, actor);
  const stood = message.reactors.get(key) ?? (message.complete ? false : !stands);
  if (stood === stands) return;
  if (stands || !message.complete) journal.set(message.reactors, key, stands);
  else journal.delete(message.reactors, key);
  const standing = (message.emojis.get(emoji) ?? 0) + (stands ? 1 : -1);
  if (standing > 0) journal.set(message.emojis, emoji, standing);
  else journal.delete(message.emojis, emoji);
}
