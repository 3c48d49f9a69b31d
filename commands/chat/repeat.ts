import type { StoredChatFact } from '../../events/chat.ts';
import { words } from '../../events/content.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';
import type { ChatCommand } from '../api.ts';
import { sameList } from './decide.ts';

/** The first event that an id ever led to. `fact` is null for a type that this version does not know. */
export interface First {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** 0 while it is not stored. */
  readonly position: number;
  readonly actor: UserId;
  readonly fact: StoredChatFact | null;
}

/** Answers a command whose id is known: as at first, where it is the same command by the same user. */
export function answerRepeat(command: ChatCommand, first: First): Outcome<First> {
  const standing = command.type === 'start-chat' && command.kind === 'direct' && first.fact?.type === 'ChatStarted';
  if (standing || (first.actor === command.actor && first.fact !== null && isSame(command, first.fact)))
    return accepted(first);
  return command.type === 'send'
    ? rejected('message-id-reused', `the message id ${command.commandId} stands for something else`)
    : rejected('command-id-reused', 'the id stands for another command');
}

function isSame(command: ChatCommand, fact: StoredChatFact): boolean {
  switch (command.type) {
    case 'start-chat':
      return fact.type === 'ChatStarted' && isSameStart(command, fact);
    case 'rename-chat':
      return fact.type === 'ChatRenamed' && words(fact.data.title) === command.title;
    case 'put-member':
      return isSamePut(command, fact);
    case 'remove-member':
      return fact.type === 'MemberRemoved' && fact.data.userId === command.userId;
    case 'send':
      return (
        fact.type === 'MessageSent' &&
        words(fact.data.text) === command.text &&
        (fact.data.replyTo?.messageId ?? null) === (command.replyTo ?? null) &&
        sameList(fact.data.mentions ?? [], command.mentions ?? [])
      );
    case 'edit':
      return (
        fact.type === 'MessageEdited' &&
        fact.data.messageId === command.messageId &&
        words(fact.data.text) === command.text &&
        (command.mentions === undefined || sameList(fact.data.mentions ?? [], command.mentions))
      );
    case 'delete':
      return fact.type === 'MessageDeleted' && fact.data.messageId === command.messageId;
    case 'react':
    case 'unreact': {
      const type = command.type === 'react' ? 'ReactionAdded' : 'ReactionRemoved';
      return fact.type === type && fact.data.messageId === command.messageId && fact.data.emoji === command.emoji;
    }
  }
}

function isSamePut(command: ChatCommand & { type: 'put-member' }, fact: StoredChatFact): boolean {
  if (fact.type === 'MemberAdded')
    return fact.data.userId === command.userId && fact.data.role === (command.role ?? 'member');
  return fact.type === 'MemberRoleChanged' && fact.data.userId === command.userId && fact.data.role === command.role;
}

function isSameStart(
  command: ChatCommand & { type: 'start-chat' },
  fact: StoredChatFact & { type: 'ChatStarted' },
): boolean {
  const { kind, title, members, historyVisibility, pastContent } = fact.data;
  const asked = new Set([command.actor, ...command.members]);
  return (
    kind === command.kind &&
    (title ? words(title) : undefined) === command.title &&
    historyVisibility === (command.historyVisibility ?? 'all') &&
    pastContent === (command.pastContent ?? 'then') &&
    members.length === asked.size &&
    members.every(({ userId }) => asked.has(userId))
  );
}
