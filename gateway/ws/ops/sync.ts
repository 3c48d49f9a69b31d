import * as z from 'zod';
import { rejected } from '../../../events/error-codes.ts';
import { ChatId, limitUpTo, lowered, Position, Seq } from '../../requests.ts';
import { SYNC_CHATS_MAX, SYNC_LIMIT } from '../limits.ts';
import { runSync } from '../sync/sync.ts';
import { defineOp } from './op.ts';

const Chats = z
  .record(ChatId, Seq)
  .refine(
    (chats) => Object.keys(chats).length <= SYNC_CHATS_MAX,
    `at most ${SYNC_CHATS_MAX} chats: go on with \`more\``,
  );

export const sync = defineOp({
  name: 'sync',
  kind: 'read',
  summary: 'Begins or resumes the pushes of this socket: what was missed first, then live, each seq once.',
  fields: {
    chats: Chats.optional(),
    more: z.boolean().optional(),
    since: Position.optional(),
    limit: limitUpTo(SYNC_LIMIT, SYNC_LIMIT),
  },
  answer: z.object({ caughtUp: z.literal(true).optional(), position: z.string().optional() }),
  run: ({ services, connection }, { chats, more, since, limit }) => {
    if (chats === undefined && since === undefined) return rejected('bad-request', 'one of chats and since is needed');
    if (chats !== undefined && since !== undefined)
      return rejected('bad-request', 'chats and since exclude each other');
    if (since !== undefined && more) return rejected('bad-request', 'more goes with chats');
    const input = { chats: chats ?? {}, since: since ?? null, more: more ?? false, limit: lowered(limit, SYNC_LIMIT) };
    const turn = connection.syncing.then(() => runSync(services, connection, input));
    connection.syncing = turn.catch(() => undefined); // the failure is this call's answer, not the next one's
    return turn;
  },
});
