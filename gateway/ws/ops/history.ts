import { MessagePage } from '../../answers.ts';
import { reachMinPosition } from '../../min-position.ts';
import {
  ChatId,
  given,
  HISTORY_MAX_LIMIT,
  HistoryInput,
  lowered,
  onePageEdge,
  Position,
  readPoint,
} from '../../requests.ts';
import { defineOp } from './op.ts';

export const history = defineOp({
  name: 'history',
  kind: 'read',
  summary: 'A page of messages, now or as of a seq or a time: the body of GET /v1/chats/{id}/messages.',
  fields: { chatId: ChatId, ...HistoryInput.shape, minPosition: Position.optional() },
  answer: MessagePage,
  run: async ({ services, connection }, { chatId, before, after, asOf, limit, minPosition }) => {
    const { queries } = services;
    const edge = onePageEdge({ before, after });
    if (!edge.ok) return edge;
    const reached = await reachMinPosition(services, minPosition, chatId);
    if (!reached.ok) return reached;
    const point = asOf === undefined ? undefined : readPoint(asOf);
    const page = { limit: lowered(limit, HISTORY_MAX_LIMIT), ...given({ before, after, asOf: point }) };
    return queries.messages(connection.userId, chatId, page);
  },
});
