import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { RECEIPTS_MAX_MEMBERS } from '../../events/limits.ts';
import { viewPosition } from '../answers.ts';
import type { AsOf } from '../api.ts';
import { open } from '../as-of.ts';
import type { QueryDeps } from '../deps.ts';

type Marks = { userId: UserId; readSeq: number; deliveredSeq: number };

/** How far each member has read. In a chat of more than 100 members one is told only the own marks. */
export async function receipts(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
): Promise<Outcome<{ receipts: Marks[]; asOf: AsOf; position: string }>> {
  const position = viewPosition(deps);
  const opened = await open(deps, who);
  if (!opened.ok) return opened;
  const [row, marks] = await Promise.all([
    deps.userChats.chatOf(who.userId, who.chatId),
    deps.userChats.receipts(who.chatId, RECEIPTS_MAX_MEMBERS + 1),
  ]);
  const own = row === null ? [] : [{ userId: who.userId, readSeq: row.readSeq, deliveredSeq: row.deliveredSeq }];
  const shown = marks.length > RECEIPTS_MAX_MEMBERS ? own : marks;
  return accepted({ receipts: shown, asOf: opened.value.asOf, position });
}
