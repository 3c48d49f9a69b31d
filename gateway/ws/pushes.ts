import * as z from 'zod';
import { ChatId, UserId } from '../../events/ids.ts';
import { ChatEvent, HiddenEvents } from '../answers.ts';

/** The frames that come unasked (PROTOCOL §6), by their `ev`: what `asyncapi.json` is made from and tests check with. */
const seq = z.int().min(0);
const replayId = z.string();

const pushed = <E extends string, F extends z.ZodRawShape>(ev: E, summary: string, fields: F) => ({
  summary,
  frame: z.object({ ev: z.literal(ev), ...fields }),
});

export const PUSHES = {
  welcome: pushed('welcome', 'The first frame of a socket.', {
    sessionId: z.string(),
    userId: UserId,
    epoch: z.string(),
    position: z.string(),
    at: z.string(),
    expiresAt: z.string(),
    heartbeatMs: z.int(),
    limits: z.record(z.string(), z.number()),
  }),
  event: {
    summary: 'An event of a chat: live, or of a backlog that `sync` asked for.',
    frame: withEv('event', {}),
  },
  synced: pushed('synced', 'The backlog of a chat has been sent; live events follow.', { chatId: ChatId, seq }),
  gone: pushed('gone', 'A chat that the client named is not, or no longer, the user’s.', { chatId: ChatId }),
  resync: {
    summary: 'Nothing of this chat, or of all, is pushed until the client’s next `sync`.',
    frame: z.union([
      z.object({ ev: z.literal('resync'), chatId: ChatId, headSeq: seq, reason: reasons() }),
      z.object({ ev: z.literal('resync'), all: z.literal(true), reason: reasons() }),
    ]),
  },
  receipt: pushed('receipt', 'How far a member has read and received.', {
    chatId: ChatId,
    userId: UserId,
    readSeq: seq,
    deliveredSeq: seq,
  }),
  typing: pushed('typing', 'Somebody else is typing, in a chat of at most 100 members.', {
    chatId: ChatId,
    userId: UserId,
  }),
  presence: pushed('presence', 'Somebody whom the client asked for is online from now on, or no longer.', {
    userId: UserId,
    online: z.boolean(),
  }),
  moved: pushed(
    'moved',
    'Another gateway takes over; this socket is served for `afterMs` more, then closed with 4410.',
    {
      url: z.string(),
      afterMs: z.int().min(0),
    },
  ),
  replay: { summary: 'The next event of a replay.', frame: withEv('replay', { replayId }) },
  'replay-end': pushed('replay-end', 'A replay is over.', {
    replayId,
    reason: z.enum(['end', 'stopped', 'forbidden', 'error']),
  }),
} as const;

function reasons() {
  return z.enum(['slow', 'far-behind', 'new', 'epoch', 'repaired']);
}

function withEv(ev: string, more: z.ZodRawShape) {
  const fields = { ev: z.literal(ev), ...more };
  return z.union([HiddenEvents.extend(fields), ChatEvent.extend(fields)]);
}
