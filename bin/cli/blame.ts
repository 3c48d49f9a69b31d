import { Command } from 'commander';
import { isUlid } from '../../events/ids.ts';
import { type Blamed, blame } from '../../queries/blame/index.ts';
import { assertPoint, parsePoint, requireChatId } from './chat-at.ts';
import { print, VerbFailed, WrongUsage } from './io.ts';
import { recordReading } from './record-reading.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

export const blameVerb = (context: VerbContext): Command =>
  new Command('blame')
    .description('All that was ever done to a message: by whom, when, and what it said before.')
    .argument('<chat>', 'chat id')
    .argument('<message>', 'message id')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nA line for the sending, each edit, each reaction and the deletion. It is read from the log: what was deleted is\nshown too, and no view is needed. The reading is\nrecorded: see `hindsight ops log --area events`.\n\nExample:\n  hindsight blame 00000000006Z… 00V83R…',
    )
    .action(async (chat: string, messageId: string, options: { json?: boolean }) => {
      const chatId = requireChatId(chat);
      if (!isUlid(messageId)) throw new WrongUsage(`${messageId} is no message id`);
      const changes = await withReadOnlyLog(context, async (log) => {
        await assertPoint(log, chatId, parsePoint('now'));
        await recordReading(context, { content: true, options: { verb: 'blame', chat: chatId, message: messageId } });
        const found: Blamed[] = [];
        for await (const change of blame(log, chatId, messageId)) found.push(change);
        return found;
      });
      if (changes.length === 0)
        throw new VerbFailed('message-not-found', `there is no message ${messageId} in ${chatId}`);
      print(context.io, options, {
        json: { chatId, messageId, changes },
        text: changes.map((change) => `${headOf(change)} ${whatOf(change)}`).join('\n'),
      });
    });

const headOf = ({ rev, seq, at, actor, type }: Blamed): string => `rev ${rev} seq ${seq} ${at} ${actor} ${type}`;

function whatOf(change: Blamed): string {
  const { type, text, textBefore, emoji, reactions, reactionsBefore } = change;
  if (emoji !== null) return `${emoji} ${reactionsBefore} → ${reactions}`;
  if (textBefore === null) return JSON.stringify(text);
  if (type !== 'MessageDeleted') return `${JSON.stringify(textBefore)} → ${JSON.stringify(text)}`;
  return `${JSON.stringify(textBefore)} → nothing${reactionsBefore === 0 ? '' : `, and ${reactionsBefore} reactions`}`;
}
