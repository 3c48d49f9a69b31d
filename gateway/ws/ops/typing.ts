import { ChatId } from '../../requests.ts';
import { defineOp, Empty } from './op.ts';

export const typing = defineOp({
  name: 'typing',
  kind: 'read',
  summary: 'Says that one is typing: told to the others in chats of at most 100 members, never stored.',
  fields: { chatId: ChatId },
  answer: Empty,
  run: ({ services, connection }, { chatId }) => services.sayTyping(connection.userId, chatId),
});
