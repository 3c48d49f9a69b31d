import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { badRequest, pageLimit, viewPosition } from '../answers.ts';
import type { AsOf, Message, MessagePage, Point } from '../api.ts';
import { open } from '../as-of.ts';
import { PAGE_MAX, type QueryDeps } from '../deps.ts';
import { frameOf } from '../members/frame.ts';
import type { Viewer } from '../viewer.ts';
import { present } from './present.ts';
import { visibleRows } from './rows.ts';
import type { MessageFacts } from './view.ts';

export interface MessagesAsked {
  limit: number;
  before?: number;
  after?: number;
  asOf?: Point;
}

/**
 * A page of messages, oldest first: the newest as of the point, or those before or after a message. `next` goes on in
 * the same direction, pinned to the same point.
 */
export async function messages(
  deps: QueryDeps,
  who: { userId: UserId; chatId: ChatId },
  asked: MessagesAsked,
): Promise<Outcome<MessagePage>> {
  if (asked.before !== undefined && asked.after !== undefined) return badRequest('after', 'stands beside before');
  const position = viewPosition(deps);
  const opened = await open(deps, who, asked.asOf);
  if (!opened.ok) return opened;
  const { viewer, asOf } = opened.value;
  const limit = pageLimit(asked.limit, PAGE_MAX);
  const [frame, rows] = await Promise.all([
    frameOf(deps, viewer, asOf.seq),
    oneMore(deps, viewer, { ...asked, limit, through: asOf.seq }),
  ]);
  const facts = asked.after === undefined ? rows.slice(-limit) : rows.slice(0, limit);
  const shown = await present(deps, viewer, { facts, through: asOf.seq });
  if (!shown.ok) return shown;
  const next = rows.length > limit ? nextOf(asked, shown.value, asOf) : null;
  return accepted({ chatId: who.chatId, asOf, ...frame, messages: shown.value, next, position });
}

/** The newest message that a viewer sees, as of a seq; null where there is none. */
export async function lastMessage(deps: QueryDeps, viewer: Viewer, through: number): Promise<Outcome<Message | null>> {
  const facts = await visibleRows(deps, viewer, { through, limit: 1 });
  const shown = await present(deps, viewer, { facts, through });
  return shown.ok ? accepted(shown.value[0] ?? null) : shown;
}

/** A row more than the page shows tells whether there is a next one. */
const oneMore = (deps: QueryDeps, viewer: Viewer, page: MessagesAsked & { through: number }): Promise<MessageFacts[]> =>
  visibleRows(deps, viewer, {
    through: page.through,
    limit: page.limit + 1,
    ...(page.before === undefined ? {} : { before: page.before }),
    ...(page.after === undefined ? {} : { after: page.after }),
  });

function nextOf(asked: MessagesAsked, shown: readonly Message[], asOf: AsOf): MessagePage['next'] {
  const edge = asked.after === undefined ? shown[0] : shown.at(-1);
  if (edge === undefined) return null;
  return asked.after === undefined ? { before: edge.seq, asOf: asOf.seq } : { after: edge.seq, asOf: asOf.seq };
}
