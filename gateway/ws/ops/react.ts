import { CommandId } from '../../../events/ids.ts';
import { Reply } from '../../answers.ts';
import { ChatId, Emoji, MessageId } from '../../requests.ts';
import { defineOp, type OpContext, Origin, reply } from './op.ts';

const fields = { chatId: ChatId, messageId: MessageId, emoji: Emoji, commandId: CommandId.optional(), ...Origin };

interface Reaction {
  chatId: string;
  messageId: string;
  emoji: string;
  commandId?: string | undefined;
  correlationId?: string | undefined;
  causationId?: string | undefined;
}

const command =
  (type: 'react' | 'unreact') =>
  (
    { services, connection }: OpContext,
    { chatId, messageId, emoji, commandId, correlationId, causationId }: Reaction,
  ) =>
    reply(
      services.commands.chat({
        type,
        actor: connection.userId,
        chatId,
        messageId,
        emoji,
        commandId: commandId ?? services.newId(),
        correlationId,
        causationId,
      }),
    );

export const react = defineOp({
  name: 'react',
  kind: 'command',
  summary: 'Reacts to a message with an emoji.',
  fields,
  answer: Reply,
  run: command('react'),
});

export const unreact = defineOp({
  name: 'unreact',
  kind: 'command',
  summary: 'Takes back a reaction.',
  fields,
  answer: Reply,
  run: command('unreact'),
});
