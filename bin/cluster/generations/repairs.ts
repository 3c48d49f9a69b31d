import type { ChatId } from '../../../events/ids.ts';
import type { Signals } from '../../../gateway/signals/port.ts';
import type { Jobs } from '../../../projections/generations/ports.ts';

const LOOK_EVERY_MS = 500;
/** What ended so long before the last look may be seen only now, and is told of once. */
const LOOK_BACK_MS = 10_000;

/**
 * Signals, and with them the chats that were repaired, by whichever process: told to this gateway as if they had been
 * sent to it. Signals may be lost, what Postgres says is not: each look goes back to the last one that worked.
 */
export function withRepairs(
  signals: Signals,
  { jobs, onFault }: { jobs: Pick<Jobs, 'repaired'>; onFault: (what: string, error: unknown) => void },
): Signals & { close(): void } {
  const listeners = new Set<(chatId: ChatId) => void>();
  let told: ReadonlySet<string> = new Set();
  const since = performance.now(); // whoever connects from now on reads what was repaired before
  let lookedAt = since;
  let looking = false;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      const at = performance.now();
      const repaired = await jobs.repaired(Math.min(at - since, at - lookedAt + LOOK_BACK_MS));
      const known = told;
      told = new Set(repaired.map(({ jobId }) => jobId));
      lookedAt = at;
      for (const { jobId, chatId } of repaired) if (!known.has(jobId)) for (const tell of listeners) tell(chatId);
    } catch (error) {
      onFault('repairs of chats cannot be read', error);
    } finally {
      looking = false;
    }
  }

  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return {
    slots: signals.slots,
    slotOf: signals.slotOf,
    send: signals.send,
    receive(listener) {
      const tell = (chatId: ChatId): void => listener(0, { kind: 'repaired', chatId });
      listeners.add(tell);
      const unsubscribe = signals.receive(listener);
      return () => {
        listeners.delete(tell);
        unsubscribe();
      };
    },
    close: () => clearInterval(timer),
  };
}
