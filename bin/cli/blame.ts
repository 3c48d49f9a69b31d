import { Command } from 'commander';
import type { ChatEvent } from '../../events/chat.ts';
import { isUlid } from '../../events/ids.ts';
import { chatAt, parsePoint, requireChatId } from './chat-at.ts';
import { print, VerbFailed, WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

export const blameVerb = (context: VerbContext): Command =>
  new Command('blame')
    .description('Who changed a message, when, and what it said before.')
    .argument('<chat>', 'chat id')
    .argument('<message>', 'message id')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  hindsight blame 00000000006Z… 00V83R…')
    .action(async (chat: string, messageId: string, options: { json?: boolean }) => {
      const chatId = requireChatId(chat);
      if (!isUlid(messageId)) throw new WrongUsage(`${messageId} is no message id`);
      const changes: ReturnType<typeof changeOf>[] = [];
      await withReadOnlyLog(context, (store) =>
        chatAt(store, chatId, {
          point: parsePoint('now'),
          onEvent(event) {
            if ('messageId' in event.data && event.data.messageId === messageId) changes.push(changeOf(event));
          },
        }),
      );
      if (changes.length === 0)
        throw new VerbFailed('message-not-found', `there is no message ${messageId} in ${chatId}`);
      print(context.io, options, {
        json: { chatId, messageId, changes },
        text: changes
          .map(({ rev, seq, at, actor, type, text, emoji }) =>
            `rev ${rev} seq ${seq} ${at} ${actor} ${type} ${text ?? emoji ?? ''}`.trimEnd(),
          )
          .join('\n'),
      });
    });

function changeOf(event: ChatEvent): {
  rev: number;
  seq: number;
  at: string;
  actor: string;
  type: string;
  text: string | null;
  emoji: string | null;
} {
  return {
    rev: 'rev' in event.data ? event.data.rev : 1,
    seq: event.seq,
    at: event.at,
    actor: event.actor,
    type: event.type,
    text: 'text' in event.data ? event.data.text : null,
    emoji: 'emoji' in event.data ? event.data.emoji : null,
  };
}
