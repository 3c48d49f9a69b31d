import type { StoredChatFact } from '../../events/chat.ts';
import { plain } from '../../events/content.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { isFromTheFuture, type MessageId } from '../../events/ids.ts';
import { GROUP_MAX_MEMBERS, MESSAGE_MAX_EMOJIS } from '../../events/limits.ts';
import type { ChatCommand } from '../api.ts';
import { fromTheFuture } from '../refusals.ts';
import { type Decision, putMember, removeMember } from './decide-members.ts';
import { type ChatState, canSee, type MessageState, reactorKey, roleOf } from './state.ts';

/** What was looked up beforehand, beside the messages that were put at hand in the state. */
export interface Facts {
  /** Of the users that the commands name, those that do not exist. */
  readonly missingUsers: ReadonlySet<string>;
  /** Ids of which nobody can say at present whether they are known. */
  readonly unavailable: ReadonlySet<string>;
}

export interface Setting {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly facts: Facts;
}

const already: Decision = accepted([]);
const happens = (...facts: StoredChatFact[]): Decision => accepted(facts);
export const notFound = (): Outcome<never> => rejected('chat-not-found', 'there is no such chat');

/**
 * The rules of PROTOCOL §2 for a command whose id is new. No facts: what is asked for stands already.
 * Pure, but for `state.messages`, which must hold the messages that the command names, where they exist.
 */
export function decide(state: ChatState, command: ChatCommand, setting: Setting): Decision {
  const chosen = command.type === 'start-chat' && command.kind === 'group' ? command.chatId : command.commandId;
  if (isFromTheFuture(command.commandId, setting.now) || isFromTheFuture(chosen, setting.now)) return fromTheFuture();
  if (command.type === 'start-chat') return start(command, setting);
  if (roleOf(state, command.actor) === null) return notFound();
  switch (command.type) {
    case 'rename-chat':
      return rename(state, command);
    case 'put-member':
      return putMember(state, command, setting.facts.missingUsers);
    case 'remove-member':
      return removeMember(state, command);
    case 'send':
      return send(state, command, setting);
    case 'edit':
    case 'delete':
    case 'react':
    case 'unreact': {
      const message = visibleMessage(state, command, { messageId: command.messageId, facts: setting.facts });
      return message.ok ? change(state, message.value, command) : message;
    }
  }
}

function start(command: ChatCommand & { type: 'start-chat' }, { facts }: Setting): Decision {
  const { kind, actor, members, historyVisibility = 'all', pastContent = 'then' } = command;
  if (isTooMany(members)) return groupFull();
  const missing = members.find((userId) => facts.missingUsers.has(userId));
  if (missing !== undefined) return rejected('user-not-found', `there is no user ${missing}`);
  if (kind === 'direct') {
    const both = [actor, ...members].sort().map((userId) => ({ userId, role: 'member' as const }));
    return happens({
      type: 'ChatStarted',
      data: { kind, members: both, historyVisibility: 'all', pastContent: 'then' },
    });
  }
  const all = [
    { userId: actor, role: 'admin' as const },
    ...members.map((userId) => ({ userId, role: 'member' as const })),
  ];
  return happens({
    type: 'ChatStarted',
    data: { kind, title: plain(command.title ?? ''), members: all, historyVisibility, pastContent },
  });
}

/** For a group to be started with, beside who starts it. */
export const isTooMany = (members: readonly string[]): boolean => members.length + 1 > GROUP_MAX_MEMBERS;

const groupFull = (): Outcome<never> => rejected('group-full', `a group has at most ${GROUP_MAX_MEMBERS} members`);

function rename(state: ChatState, command: ChatCommand & { type: 'rename-chat' }): Decision {
  if (state.head.kind === 'direct') return rejected('direct-chat', 'a direct chat has no title');
  if (roleOf(state, command.actor) !== 'admin') return rejected('forbidden', 'only an admin renames a group');
  if (command.title === state.head.title) return already;
  return happens({ type: 'ChatRenamed', data: { title: plain(command.title) } });
}

function send(state: ChatState, command: ChatCommand & { type: 'send' }, { facts }: Setting): Decision {
  const { commandId: messageId, text, replyTo, mentions } = command;
  const data = { messageId, number: state.head.messages + 1, text: plain(text) };
  const called = mentions && mentions.length > 0 ? { mentions: [...mentions] } : undefined;
  if (replyTo === undefined) return happens({ type: 'MessageSent', data: { ...data, ...called } });
  const answered = visibleMessage(state, command, { messageId: replyTo, facts });
  if (!answered.ok) return answered;
  return happens({
    type: 'MessageSent',
    data: { ...data, replyTo: { messageId: replyTo, seq: answered.value.seq }, ...called },
  });
}

function visibleMessage(
  state: ChatState,
  command: ChatCommand,
  named: { messageId: MessageId; facts: Facts },
): Outcome<MessageState> {
  if (named.facts.unavailable.has(named.messageId)) return unavailable();
  const message = state.messages.get(named.messageId);
  if (message && canSee(state, command.actor, message.seq)) return accepted(message);
  return rejected('message-not-found', `there is no message ${named.messageId}`);
}

export const unavailable = (): Outcome<never> =>
  rejected('unavailable', 'the past of this chat cannot be asked at present; send it again', { retryAfterS: 1 });

type Change = ChatCommand & { type: 'edit' | 'delete' | 'react' | 'unreact' };

function change(state: ChatState, message: MessageState, command: Change): Decision {
  const changed = { messageId: command.messageId, messageSeq: message.seq, rev: message.rev + 1 };
  switch (command.type) {
    case 'edit':
      return edit(message, command, changed);
    case 'delete': {
      const mayDelete =
        message.senderId === command.actor || (state.head.kind === 'group' && roleOf(state, command.actor) === 'admin');
      if (!mayDelete) return rejected('forbidden', 'only its author or an admin of the group deletes a message');
      return message.deleted ? already : happens({ type: 'MessageDeleted', data: changed });
    }
    case 'react': {
      if (message.deleted) return rejected('message-deleted', 'the message was deleted');
      if (message.reactors.get(reactorKey(command.emoji, command.actor))) return already;
      if (!message.emojis.has(command.emoji) && message.emojis.size >= MESSAGE_MAX_EMOJIS) {
        return rejected('bad-request', `a message has at most ${MESSAGE_MAX_EMOJIS} different emojis`);
      }
      return happens({ type: 'ReactionAdded', data: { ...changed, emoji: command.emoji } });
    }
    case 'unreact':
      if (!message.reactors.get(reactorKey(command.emoji, command.actor))) return already;
      return happens({ type: 'ReactionRemoved', data: { ...changed, emoji: command.emoji } });
  }
}

/** Mentions that an edit leaves out stay as they are; the event always tells the full list. */
function edit(
  message: MessageState,
  command: Change & { type: 'edit' },
  changed: { messageId: MessageId; messageSeq: number; rev: number },
): Decision {
  if (message.senderId !== command.actor) return rejected('forbidden', 'only its author edits a message');
  if (message.deleted) return rejected('message-deleted', 'the message was deleted');
  const mentions = command.mentions ?? message.mentions;
  if (command.text === message.text && sameList(mentions, message.mentions)) return already;
  const called = mentions.length > 0 ? { mentions: [...mentions] } : undefined;
  return happens({ type: 'MessageEdited', data: { ...changed, text: plain(command.text), ...called } });
}

export const sameList = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((value, i) => value === other[i]);
