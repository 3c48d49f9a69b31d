import { CommandId } from '../../../events/ids.ts';
import { Reply } from '../../answers.ts';
import { ChatId, EditInput, given, MessageId } from '../../requests.ts';
import { defineOp, Origin, reply } from './op.ts';

export const edit = defineOp({
  name: 'edit',
  kind: 'command',
  summary: 'Changes the text of a message of one’s own.',
  fields: { chatId: ChatId, messageId: MessageId, commandId: CommandId.optional(), ...EditInput.shape, ...Origin },
  answer: Reply,
  run: ({ services, connection }, { chatId, messageId, commandId, text, mentions, correlationId, causationId }) =>
    reply(
      services.commands.chat({
        type: 'edit',
        actor: connection.userId,
        chatId,
        messageId,
        commandId: commandId ?? services.newId(),
        text,
        correlationId,
        causationId,
        ...given({ mentions }),
      }),
    ),
});
