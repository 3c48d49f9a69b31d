import type { Role } from '../../events/chat.ts';
import { words } from '../../events/content.ts';
import type { UserId } from '../../events/ids.ts';
import { isNext } from '../order.ts';
import type { ChatInput, Input, Projection, ReceiptsInput } from '../projection.ts';
import type { ChatRow, MembershipRow, UserChatsWriter } from './ports.ts';

/** User chats: one row per chat, one per membership. */
export function userChatsProjection<C extends ChatRow, M extends MembershipRow>(
  writer: UserChatsWriter<C, M>,
): Projection {
  return {
    categories: ['chat', 'receipts'],
    apply: (input) => applyInput(writer, input),
    flush: () => writer.flush(),
    reset: () => writer.reset(),
  };
}

function applyInput<C extends ChatRow, M extends MembershipRow>(writer: UserChatsWriter<C, M>, input: Input): void {
  if (input.category === 'receipts') {
    applyReceipts(writer, input);
  } else if (input.category === 'chat') {
    const chat = writer.chat(input.chatId);
    if (!isNext(chat.headSeq, input)) return;
    chat.headSeq = input.seq;
    chat.headPosition = input.position;
    writer.touch(chat);
    applyChat(writer, chat, input);
  }
}

function applyChat<C extends ChatRow, M extends MembershipRow>(
  writer: UserChatsWriter<C, M>,
  chat: C,
  input: ChatInput,
): void {
  switch (input.type) {
    case 'ChatStarted': {
      const { kind, title, historyVisibility, pastContent, members } = input.data;
      Object.assign(chat, { kind, historyVisibility, pastContent, orderPosition: input.position });
      chat.title = title === undefined ? null : words(title);
      for (const { userId, role } of members) come(writer, chat, { userId, role });
      return;
    }
    case 'ChatRenamed':
      chat.title = words(input.data.title);
      return;
    case 'MemberAdded':
      come(writer, chat, input.data);
      return;
    case 'MemberRemoved':
      leave(writer, chat, input.data.userId);
      return;
    case 'MemberRoleChanged':
      changeRole(writer, chat, input.data);
      return;
    case 'MessageSent':
      chat.orderPosition = input.position;
      chat.lastMessageSeq = input.seq;
      chat.messageCount = input.data.number;
      move(writer, chat, { userId: input.actor, read: input.seq, delivered: 0 });
      return;
    default: // what changes a message, or is of a type younger than this reader, only moves the head
  }
}

function come<C extends ChatRow, M extends MembershipRow>(
  writer: UserChatsWriter<C, M>,
  chat: C,
  { userId, role }: { userId: UserId; role: Role },
): void {
  const membership = writer.membership(chat, userId);
  if (membership.role === null) {
    chat.memberCount++;
    membership.stays = [...membership.stays, { from: chat.headSeq, to: null }];
    moveMarks(membership, { read: chat.headSeq, delivered: chat.headSeq });
  }
  membership.role = role;
  writer.touchMembership(chat, membership);
}

function leave<C extends ChatRow, M extends MembershipRow>(
  writer: UserChatsWriter<C, M>,
  chat: C,
  userId: UserId,
): void {
  const membership = writer.membership(chat, userId);
  if (membership.role === null) return;
  chat.memberCount--;
  membership.role = null;
  membership.stays = membership.stays.map((stay) => (stay.to === null ? { ...stay, to: chat.headSeq } : stay));
  writer.touchMembership(chat, membership);
}

function changeRole<C extends ChatRow, M extends MembershipRow>(
  writer: UserChatsWriter<C, M>,
  chat: C,
  { userId, role }: { userId: UserId; role: Role },
): void {
  const membership = writer.membership(chat, userId);
  if (membership.role === null) return;
  membership.role = role;
  writer.touchMembership(chat, membership);
}

function applyReceipts<C extends ChatRow, M extends MembershipRow>(
  writer: UserChatsWriter<C, M>,
  input: ReceiptsInput,
): void {
  if (input.type !== 'ReceiptsMoved') return;
  const chat = writer.chat(input.chatId);
  // Never past the head, whatever the event says.
  const read = Math.min(input.data.readSeq, chat.headSeq);
  const delivered = Math.min(input.data.deliveredSeq, chat.headSeq);
  move(writer, chat, { userId: input.userId, read, delivered });
}

/** Marks of somebody who came; who never did has none. */
function move<C extends ChatRow, M extends MembershipRow>(
  writer: UserChatsWriter<C, M>,
  chat: C,
  { userId, read, delivered }: { userId: UserId; read: number; delivered: number },
): void {
  const membership = writer.membership(chat, userId);
  if (membership.stays.length === 0) return;
  moveMarks(membership, { read, delivered });
  writer.touchMembership(chat, membership);
}

/** Marks never fall, and what is read has been delivered. */
function moveMarks(membership: MembershipRow, to: { read: number; delivered: number }): void {
  membership.readSeq = Math.max(membership.readSeq, to.read);
  membership.deliveredSeq = Math.max(membership.deliveredSeq, to.delivered, membership.readSeq);
}
