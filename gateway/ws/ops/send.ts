import { Reply } from '../../answers.ts';
import { ChatId, given, SendInput } from '../../requests.ts';
import { defineOp, Origin, reply } from './op.ts';

/** `messageId` is the idempotency key; without one the server makes it, and a retry is then a second message. */
export const send = defineOp({
  name: 'send',
  kind: 'command',
  summary: 'Sends a message to a chat.',
  fields: { chatId: ChatId, ...SendInput.shape, ...Origin },
  answer: Reply,
  run: (
    { services, connection },
    { chatId, messageId, text, replyTo, mentions, fileIds, correlationId, causationId },
  ) =>
    reply(
      services.commands.chat({
        type: 'send',
        actor: connection.userId,
        chatId,
        commandId: messageId ?? services.newId(),
        text,
        correlationId,
        causationId,
        ...given({ replyTo, mentions, fileIds }),
      }),
    ),
});
