import { messageOf } from '../../events/message-of.ts';
import type { OpsArea } from '../../events/ops.ts';
import { OPERATOR } from '../../gateway/auth/access-tokens.ts';
import type { VerbContext } from './verb.ts';
import { withLog } from './with-log.ts';

/**
 * Records that events are read, as the server does for an analyst, before the first of them is shown. A log that cannot
 * be written to (a copy, a folder of somebody else) can still be read: it is then said that nothing was recorded.
 */
export async function recordReading(
  context: VerbContext,
  { area = 'events', content, options }: { area?: OpsArea; content: boolean; options: Record<string, string> },
): Promise<void> {
  const entry = { actor: OPERATOR, area, type: 'EventsRead' as const, data: { content, filter: options } };
  try {
    await withLog(context, ({ commands }) => commands.recordOps(entry));
  } catch (error) {
    context.io.err(`warning: this reading is not recorded: ${messageOf(error)}`);
  }
}
