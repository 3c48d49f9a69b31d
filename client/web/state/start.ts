import { followAddress, keepAddress } from './address.ts';
import { hindsight, listed } from './client.ts';
import { markRead } from './conversation.ts';
import { demo, loadDemo } from './demo.ts';

/** Takes up the session of this tab, and goes where the address says. */
export async function start(): Promise<void> {
  hindsight.sync.events.on('listed', () => {
    // After the list has come: a chat is named, and its place in time checked, by what the list says of it.
    queueMicrotask(() => followAddress(demo.value?.chatId ?? null));
  });
  addEventListener('hashchange', () => listed.value && followAddress(null));
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    hindsight.socket.wake();
    markRead();
  });
  keepAddress();
  await Promise.all([loadDemo(), hindsight.session.resume().then(() => hindsight.queue.restore())]);
}
