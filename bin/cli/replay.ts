import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import type { ChatEvent } from '../../events/chat.ts';
import { assertPoint, chatEvents, isWithin, parsePoint, requireChatId } from './chat-at.ts';
import { WrongUsage } from './io.ts';
import type { VerbContext } from './verb.ts';
import { withReadOnlyLog } from './with-log.ts';

/** Longer pauses of the original are shortened to this. */
const MAX_GAP_MS = 2_000;

export const replayVerb = (context: VerbContext): Command =>
  new Command('replay')
    .description('Plays a chat from one point to another, at the pace it had, faster, or as fast as it can be read.')
    .argument('<chat>', 'chat id')
    .requiredOption('--from <point>', 'a seq or a UTC time with Z; exclusive')
    .requiredOption('--to <point>', 'a seq, a UTC time with Z, or `now`; inclusive')
    .option('--speed <n>', 'how many times faster than it was; 0: as fast as it can be read', '0')
    .option('--json', 'NDJSON, an event a line')
    .addHelpText('after', '\nExample:\n  hindsight replay 00000000006Z… --from 0 --to now --speed 60')
    .action(async (chat: string, options: { from: string; to: string; speed: string; json?: boolean }) => {
      const chatId = requireChatId(chat);
      const speed = Number(options.speed);
      if (!Number.isFinite(speed) || speed < 0) throw new WrongUsage('--speed takes a number, 0 or more');
      const [from, to] = [parsePoint(options.from), parsePoint(options.to)];
      await withReadOnlyLog(context, async (store) => {
        await assertPoint(store, chatId, from);
        await assertPoint(store, chatId, to);
        let last: ChatEvent | null = null;
        for await (const event of chatEvents(store, chatId)) {
          if (!isWithin(event, to)) break;
          if (isWithin(event, from)) continue;
          if (last && speed > 0)
            await pause(Math.min(MAX_GAP_MS, (Date.parse(event.at) - Date.parse(last.at)) / speed));
          context.io.out(options.json ? JSON.stringify(event) : describeEvent(event));
          await context.io.drained();
          last = event;
        }
      });
    });

/** An event on a line, as people read it. */
export function describeEvent(event: ChatEvent): string {
  const data = event.data as Partial<Record<'text' | 'title' | 'emoji' | 'userId', string>>;
  const words = data.text ?? data.title ?? data.emoji ?? data.userId ?? '';
  return `${event.at} ${event.chatId} ${event.seq} ${event.type} ${event.actor} ${words}`.trimEnd();
}
