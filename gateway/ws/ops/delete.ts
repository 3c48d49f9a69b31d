import { CommandId } from '../../../events/ids.ts';
import { Reply } from '../../answers.ts';
import { ChatId, MessageId } from '../../requests.ts';
import { defineOp, Origin, reply } from './op.ts';

export const deleteMessage = defineOp({
  name: 'delete',
  kind: 'command',
  summary: 'Deletes a message: its author, or an admin of the group.',
  fields: { chatId: ChatId, messageId: MessageId, commandId: CommandId.optional(), ...Origin },
  answer: Reply,
  run: ({ services, connection }, { chatId, messageId, commandId, correlationId, causationId }) =>
    reply(
      services.commands.chat({
        type: 'delete',
        actor: connection.userId,
        chatId,
        messageId,
        commandId: commandId ?? services.newId(),
        correlationId,
        causationId,
      }),
    ),
});
