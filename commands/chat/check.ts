import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { directChatId, isUlid, type UserId, ulidTime } from '../../events/ids.ts';
import { MESSAGE_MAX_FILES, MESSAGE_MAX_MENTIONS } from '../../events/limits.ts';
import type { ChatCommand } from '../api.ts';
import type { Emoji } from '../ports.ts';
import { chatTitle, messageText } from '../text.ts';

/** Brings a command into the one form in which it is compared and stored; refuses what no chat could accept. */
export function checkCommand(command: ChatCommand, emoji: Emoji): Outcome<ChatCommand> {
  if (command.correlationId !== undefined && ulidTime(command.correlationId) === 0)
    return bad('correlationId', 'carries no time: such ids are for imports, which know their own events by them');
  switch (command.type) {
    case 'start-chat':
      return command.kind === 'direct' ? checkDirect(command) : checkGroup(command);
    case 'rename-chat': {
      const title = chatTitle(command.title);
      return title.ok ? accepted({ ...command, title: title.value }) : title;
    }
    case 'send':
    case 'edit':
      return checkWords(command);
    case 'react':
    case 'unreact': {
      const qualified = emoji.qualify(command.emoji);
      return qualified === null ? bad('emoji', 'must be one emoji') : accepted({ ...command, emoji: qualified });
    }
    case 'put-member':
    case 'remove-member':
    case 'delete':
      return accepted(command);
  }
}

type StartChat = ChatCommand & { type: 'start-chat' };

function checkDirect(command: StartChat): Outcome<ChatCommand> {
  const [peer] = command.members;
  if (peer === undefined || command.members.length !== 1) return bad('userId', 'must name the one other user');
  if (peer === command.actor) return rejected('direct-chat', 'nobody has a direct chat with themselves');
  if (command.chatId !== directChatId(command.actor, peer)) return bad('chatId', 'is not that of these two users');
  return accepted(command);
}

function checkGroup(command: StartChat): Outcome<ChatCommand> {
  if (!isUlid(command.chatId)) return bad('chatId', 'must be an upper-case ULID');
  const title = chatTitle(command.title ?? '');
  if (!title.ok) return title;
  const others = new Set(command.members);
  others.delete(command.actor);
  return accepted({ ...command, title: title.value, members: [...others] });
}

function checkWords(command: ChatCommand & { type: 'send' | 'edit' }): Outcome<ChatCommand> {
  const text = messageText(command.text, false);
  if (command.type === 'send' && command.fileIds && command.fileIds.length > 0) {
    if (command.fileIds.length > MESSAGE_MAX_FILES) return bad('fileIds', `must be at most ${MESSAGE_MAX_FILES}`);
    return rejected('not-found', `there is no file ${command.fileIds[0]}`);
  }
  if (!text.ok) return text;
  if (command.mentions === undefined)
    return accepted(text.value === command.text ? command : { ...command, text: text.value });
  if (command.mentions.length > MESSAGE_MAX_MENTIONS) return bad('mentions', `must be at most ${MESSAGE_MAX_MENTIONS}`);
  return accepted({ ...command, text: text.value, mentions: mentioned(command.mentions) });
}

/** Each user once; what is no user's id says nothing. */
const mentioned = (mentions: readonly UserId[]): UserId[] => [...new Set(mentions)].filter(isUlid);

const bad = (path: string, message: string): Outcome<never> =>
  rejected('bad-request', `${path} ${message}`, { errors: [{ path, message }] });
