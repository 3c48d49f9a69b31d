import { RECEIPTS_MAX_MEMBERS } from '../../../events/limits.ts';
import { receiptFrame } from '../frames.ts';
import type { HubContext } from './context.ts';
import type { Room } from './room.ts';

interface Receipt {
  chatId: string;
  userId: string;
  readSeq?: number;
  deliveredSeq?: number;
}

/**
 * Tells a room how far someone has read: all of it in small chats, the reader's own sockets in large ones. Receipts
 * are cumulative, so a socket that is behind is spared them; the next one says as much.
 */
export function pushReceipt(context: HubContext, room: Room, receipt: Receipt): void {
  if (room.counted) tell(room, receipt);
  else void learnMemberCount(context, room).then(() => tell(room, receipt));
}

function tell(room: Room, { chatId, userId, readSeq = 0, deliveredSeq = 0 }: Receipt): void {
  const toAll = room.counted !== null && room.counted.members <= RECEIPTS_MAX_MEMBERS;
  const frame = receiptFrame({ chatId, userId, readSeq, deliveredSeq });
  for (const { receiver, phase } of room.flows) {
    if (phase === 'resync' || receiver.outbox.congested) continue;
    if (toAll || receiver.userId === userId) receiver.outbox.push(frame, null);
  }
}

/** A room that came to be by someone's being added: how many are in it is read with the first receipt. */
async function learnMemberCount({ queries, logger }: HubContext, room: Room): Promise<void> {
  const viewer = room.flows[0]?.receiver.userId;
  if (viewer === undefined) return;
  try {
    const chat = await queries.chat(viewer, room.chatId);
    if (chat.ok) room.counted ??= { members: chat.value.memberCount, seq: chat.value.headSeq };
  } catch (error) {
    logger.warn({ err: error, chatId: room.chatId }, 'the members of a chat could not be counted');
  }
}
