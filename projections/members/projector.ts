import type { Role } from '../../events/chat.ts';
import { words } from '../../events/content.ts';
import type { UserId } from '../../events/ids.ts';
import { isNext } from '../order.ts';
import type { ChatInput, Input, Projection } from '../projection.ts';
import type { MembersChat, MembersWriter } from './ports.ts';

/** Members: roles and stays as spans, title and number of members by seq. */
export function membersProjection<Chat extends MembersChat>(writer: MembersWriter<Chat>): Projection {
  return {
    categories: ['chat'],
    apply: (input) => applyInput(writer, input),
    flush: () => writer.flush(),
    reset: () => writer.reset(),
  };
}

function applyInput<Chat extends MembersChat>(writer: MembersWriter<Chat>, input: Input): void {
  if (input.category !== 'chat') return;
  const chat = writer.chat(input.chatId);
  if (!isNext(chat.headSeq, input)) return;
  chat.headSeq = input.seq;
  writer.touch(chat);
  applyChat(writer, chat, input);
}

function applyChat<Chat extends MembersChat>(writer: MembersWriter<Chat>, chat: Chat, input: ChatInput): void {
  switch (input.type) {
    case 'ChatStarted': {
      const { kind, historyVisibility, pastContent, title, members } = input.data;
      Object.assign(chat, { kind, historyVisibility, pastContent });
      chat.title = title === undefined ? null : words(title);
      for (const member of members) come(writer, chat, member);
      break;
    }
    case 'ChatRenamed':
      chat.title = words(input.data.title);
      break;
    case 'MemberAdded':
      come(writer, chat, input.data);
      break;
    case 'MemberRemoved': {
      const span = writer.present(chat, input.data.userId);
      if (!span) return;
      writer.close(chat, span, input.seq);
      chat.memberCount--;
      break;
    }
    case 'MemberRoleChanged':
      changeRole(writer, chat, input.data);
      return;
    default:
      return; // what is about a message, or of a type younger than this reader, only moves the head
  }
  writer.frame(chat, input.seq);
}

type Member = { userId: UserId; role: Role };

function come<Chat extends MembersChat>(writer: MembersWriter<Chat>, chat: Chat, { userId, role }: Member): void {
  if (writer.present(chat, userId)) {
    changeRole(writer, chat, { userId, role });
    return;
  }
  writer.open(chat, { userId, from: chat.headSeq, since: chat.headSeq, role });
  chat.memberCount++;
}

function changeRole<Chat extends MembersChat>(writer: MembersWriter<Chat>, chat: Chat, { userId, role }: Member): void {
  const span = writer.present(chat, userId);
  if (!span || span.role === role || span.from === chat.headSeq) return;
  writer.close(chat, span, chat.headSeq);
  writer.open(chat, { userId, from: chat.headSeq, since: span.since, role });
}
