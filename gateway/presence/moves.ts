import type { ChatEvent } from '../../events/chat.ts';
import type { ChatId, UserId } from '../../events/ids.ts';

/** Who came into a chat, or left it, with one event. */
export interface ChatMove {
  readonly chatId: ChatId;
  readonly seq: number;
  readonly came: readonly UserId[];
  readonly left: UserId | null;
}

export function moveOf({ chatId, seq, type, data }: ChatEvent): ChatMove | null {
  switch (type) {
    case 'ChatStarted':
      return { chatId, seq, came: data.members.map(({ userId }) => userId), left: null };
    case 'MemberAdded':
      return { chatId, seq, came: [data.userId], left: null };
    case 'MemberRemoved':
      return { chatId, seq, came: [], left: data.userId };
    default:
      return null;
  }
}
