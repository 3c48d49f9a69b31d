import type { ChatId } from '../../../events/ids.ts';
import type { GatewayCounters } from '../counters.ts';
import { resyncFrame } from '../frames.ts';
import type { Directory } from './directory.ts';

/** What they have read of the chat may have been wrong: each is told, and gets nothing more of it until its next `sync`. */
export function readAgain(directory: Directory, counters: Pick<GatewayCounters, 'resyncs'>, chatId: ChatId): void {
  const room = directory.rooms.get(chatId);
  if (!room) return;
  const frame = resyncFrame(chatId, room.headSeq, 'repaired');
  for (const flow of room.flows) {
    // Whoever is told of a gap already asks again in any case.
    if (flow.phase === 'resync') continue;
    flow.phase = 'resync';
    counters.resyncs.repaired += 1;
    flow.receiver.outbox.push(frame, null);
  }
}
