import type { LogPosition } from '../../events/event-store.ts';

/** How far the views have come, as the thread sees it that only hears of them. `queries/progress.ts` says what it tells. */
export interface Progress {
  position(): LogPosition;
  reached(position: LogPosition, withinMs: number): Promise<boolean>;
  lagMs(): number;
  /** The views hold everything up to here. */
  moved(position: LogPosition): void;
  /** The log goes up to here. */
  appended(head: LogPosition): void;
  /** Lets go of all who wait. */
  close(): void;
}

/** Appends remembered while the views have not reached them; where there are more, the lag is a little understated. */
const APPENDS_MAX = 4_096;

export function createProgress(now: () => number = () => performance.now()): Progress {
  let position = 0;
  const waiting = new Set<{ position: LogPosition; settle: (reached: boolean) => void }>();
  let appends: { position: LogPosition; time: number }[] = [];

  return {
    position: () => position,
    reached(wanted, withinMs) {
      if (position >= wanted) return Promise.resolve(true);
      return new Promise((resolve) => {
        const waiter = { position: wanted, settle };
        const timer = setTimeout(() => settle(false), withinMs);
        function settle(reached: boolean): void {
          clearTimeout(timer);
          waiting.delete(waiter);
          resolve(reached);
        }
        waiting.add(waiter);
      });
    },
    lagMs() {
      const [oldest] = appends;
      return oldest ? now() - oldest.time : 0;
    },
    moved(to) {
      position = to;
      const open = appends.findIndex((append) => append.position > to);
      appends = open < 0 ? [] : appends.slice(open);
      for (const waiter of waiting) if (waiter.position <= to) waiter.settle(true);
    },
    appended(head) {
      const last = appends.at(-1);
      if (head <= position || (last && head <= last.position)) return;
      if (last && appends.length >= APPENDS_MAX) last.position = head;
      else appends.push({ position: head, time: now() });
    },
    close() {
      for (const waiter of waiting) waiter.settle(false);
    },
  };
}
