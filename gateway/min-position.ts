import { accepted, type Outcome, rejected } from '../events/error-codes.ts';
import type { ChatId } from '../events/ids.ts';
import { BEHIND_WAIT_MS } from '../queries/index.ts';
import type { GatewayContext } from './context.ts';
import { readPosition } from './requests.ts';

/** A read never answers from before the position that its caller has seen: it waits a little, then says `behind`. */
export async function reachMinPosition(
  { queries, log }: Pick<GatewayContext, 'queries' | 'log'>,
  minPosition: string | undefined,
  chatId?: ChatId,
): Promise<Outcome<null>> {
  if (minPosition === undefined) return accepted(null);
  const position = readPosition(minPosition, log.epoch);
  if (!position.ok) return position;
  const reached = await queries.caughtUp(position.value, BEHIND_WAIT_MS, chatId);
  return reached ? accepted(null) : rejected('behind', 'the views have not come to minPosition yet');
}
