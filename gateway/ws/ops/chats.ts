import { ChatPage } from '../../answers.ts';
import { reachMinPosition } from '../../min-position.ts';
import { ChatsInput, given, LIST_MAX_LIMIT, lowered, Position, readPosition } from '../../requests.ts';
import { defineOp } from './op.ts';

export const chats = defineOp({
  name: 'chats',
  kind: 'read',
  summary: 'My chats, newest message first: the body of GET /v1/chats.',
  fields: { ...ChatsInput.shape, minPosition: Position.optional() },
  answer: ChatPage,
  run: async ({ services, connection }, { changedAfter, cursor, limit, minPosition }) => {
    const { queries, log } = services;
    const after = changedAfter === undefined ? null : readPosition(changedAfter, log.epoch);
    if (after && !after.ok) return after;
    const reached = await reachMinPosition(services, minPosition);
    if (!reached.ok) return reached;
    const page = { limit: lowered(limit, LIST_MAX_LIMIT), ...given({ cursor, changedAfter: after?.value }) };
    return queries.chats(connection.userId, page);
  },
});
