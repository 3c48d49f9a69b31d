import { rejected } from '../../../events/error-codes.ts';
import { MessagePage } from '../../answers.ts';
import {
  ChatId,
  given,
  HISTORY_MAX_LIMIT,
  HistoryInput,
  lowered,
  onePageEdge,
  Position,
  readPoint,
  readPosition,
} from '../../requests.ts';
import { BEHIND_WAIT_MS } from '../limits.ts';
import { defineOp } from './op.ts';

export const history = defineOp({
  name: 'history',
  kind: 'read',
  summary: 'A page of messages, now or as of a seq or a time: the body of GET /v1/chats/{id}/messages.',
  fields: { chatId: ChatId, ...HistoryInput.shape, minPosition: Position.optional() },
  answer: MessagePage,
  run: async ({ services, connection }, { chatId, before, after, asOf, limit, minPosition }) => {
    const { queries, log } = services;
    const edge = onePageEdge({ before, after });
    if (!edge.ok) return edge;
    const least = minPosition === undefined ? null : readPosition(minPosition, log.epoch);
    if (least && !least.ok) return least;
    if (least && !(await queries.caughtUp(least.value, BEHIND_WAIT_MS))) {
      return rejected('behind', 'the views are behind that position');
    }
    const point = asOf === undefined ? undefined : readPoint(asOf);
    const page = { limit: lowered(limit, HISTORY_MAX_LIMIT), ...given({ before, after, asOf: point }) };
    return queries.messages(connection.userId, chatId, page);
  },
});
