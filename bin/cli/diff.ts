import { Command } from 'commander';
import { diffOfLog, type LogDiff } from '../../queries/diff/of-log.ts';
import { parsePoint, requireChatId, seqAt } from './chat-at.ts';
import { print, WrongUsage } from './io.ts';
import { recordReading } from './record-reading.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

export const diffVerb = (context: VerbContext): Command =>
  new Command('diff')
    .description('What changed in a chat between two points: the net change.')
    .argument('<chat>', 'chat id')
    .argument('<t1>', 'a seq, or a UTC time with Z')
    .argument('<t2>', 'the same, or `now`')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nIt is read from the log: what was deleted is shown too, and no view is needed. What came and went in between is not\nlisted; `hindsight blame` has all that was done to one message. The reading is recorded: see\n`hindsight ops log --area events`.\n\nExample:\n  hindsight diff 00000000006Z… 2004-12-25T09:15Z now',
    )
    .action(async (chat: string, t1: string, t2: string, options: { json?: boolean }) => {
      const chatId = requireChatId(chat);
      const [from, to] = [parsePoint(t1), parsePoint(t2)];
      const change = await withReadOnlyLog(context, async (log) => {
        const range = { from: await seqAt(log, chatId, from), to: await seqAt(log, chatId, to) };
        if (range.from > range.to) throw new WrongUsage(`${t1} lies after ${t2}`);
        await recordReading(context, { content: true, options: { verb: 'diff', chat: chatId, from: t1, to: t2 } });
        return diffOfLog(log, chatId, range);
      });
      print(context.io, options, { json: change, text: describe(change) });
    });

function describe(change: LogDiff): string {
  return [
    `${change.chatId}: seq ${change.from.seq} (${change.from.at ?? 'before the first event'}) to ${change.to.seq} (${change.to.at ?? 'before the first event'})`,
    ...(change.title ? [`title: ${change.title.before ?? '(none)'} → ${change.title.after ?? '(none)'}`] : []),
    ...change.members.added.map((userId) => `+ member ${userId}`),
    ...change.members.removed.map((userId) => `- member ${userId}`),
    ...change.members.roles.map(({ userId, before, after }) => `~ member ${userId}: ${before} → ${after}`),
    ...change.added.map(({ seq, senderId, text }) => `+ ${seq} ${senderId}: ${text}`),
    ...change.edited.map(({ messageId, before, after }) => `~ ${messageId}: ${before} → ${after}`),
    ...change.deleted.map(({ seq, senderId, text }) => `- ${seq} ${senderId}: ${text}`),
    ...change.reactions.map(
      ({ messageId, emoji, added, removed }) => `~ ${messageId} ${emoji}: +${added.length} -${removed.length}`,
    ),
  ].join('\n');
}
