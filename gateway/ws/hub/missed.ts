import { resyncAllFrame } from '../frames.ts';
import type { HubContext } from './context.ts';
import type { Directory } from './directory.ts';
import { leave } from './room.ts';

/**
 * The feed has missed something, and nobody knows whose: every synced socket is told so and gets nothing more of any
 * chat until its next `sync`, which reads the user's chats anew.
 */
export function startOver({ directory, counters, follower }: HubContext & { directory: Directory }): void {
  directory.misses += 1;
  const frame = resyncAllFrame('slow');
  for (const user of directory.users.values()) {
    user.early ??= [];
    for (const receiver of user.receivers) {
      for (const flow of receiver.flows.values()) {
        flow.phase = 'missed';
        leave(flow);
      }
      counters.resyncs.slow += 1;
      receiver.outbox.push(frame, null);
    }
  }
  follower?.missed();
}
