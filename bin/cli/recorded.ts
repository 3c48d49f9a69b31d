import type { Outcome } from '../../events/error-codes.ts';
import { messageOf } from '../../events/message-of.ts';
import type { OpsArea } from '../../events/ops.ts';
import { OPERATOR } from '../../gateway/auth/access-tokens.ts';
import type { OpenLog } from '../write-side.ts';
import type { Io } from './io.ts';

/** What the operator asks for. */
export interface Act {
  area: OpsArea;
  action: string;
  target: string;
  reason: string | undefined;
  details: Record<string, unknown>;
}

/**
 * Does it in the operator's name: what cannot be recorded is not done, and what became of it is recorded after, refused or
 * not, with what `became` says of the outcome.
 */
export async function recorded<T>(
  { log: { commands }, io, act }: { log: Pick<OpenLog, 'commands'>; io: Io; act: Act },
  work: () => Promise<Outcome<T>>,
  became: (value: T) => Record<string, unknown>,
): Promise<Outcome<T>> {
  const { area, action, target, reason, details } = act;
  const say = (outcome: string, more: Record<string, unknown> = {}): Promise<void> => {
    const data = { action, target, outcome, ...(reason !== undefined && { reason }), details: { ...details, ...more } };
    return commands.recordOps({ actor: OPERATOR, area, type: 'OperatorActed', data });
  };
  await say('asked');
  let outcome: Outcome<T>;
  try {
    outcome = await work();
  } catch (error) {
    await say(codeOf(error)).catch((why: unknown) =>
      io.err(`warning: it is not recorded how this ended: ${messageOf(why)}`),
    );
    throw error;
  }
  if (outcome.ok) await say('done', became(outcome.value));
  else await say(outcome.rejection.code);
  return outcome;
}

/** The code by which a failure is recorded. */
export const codeOf = (error: unknown): string => {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'failed';
};
