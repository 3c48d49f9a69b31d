import { messageOf } from '../../../events/message-of.ts';
import { OPERATOR } from '../../../gateway/auth/access-tokens.ts';
import type { VerbContext } from '../verb.ts';
import { withLog } from '../with-log.ts';

export interface Act {
  action: 'backup' | 'restore';
  target: string;
  reason?: string | undefined;
}

/**
 * Records in the log what is done with it. A log that cannot be written to (a copy, a full disk) can still be saved: it
 * is then said that nothing was recorded.
 */
export async function recordAct(
  context: VerbContext,
  { reason, ...act }: Act,
  outcome: { outcome: string; details?: object },
): Promise<void> {
  const data = { ...act, ...outcome, ...(reason !== undefined && { reason }) };
  try {
    await withLog(context, ({ commands }) =>
      commands.recordOps({ actor: OPERATOR, area: 'backup', type: 'OperatorActed', data }),
    );
  } catch (error) {
    context.io.err(`warning: this is not recorded: ${messageOf(error)}`);
  }
}
