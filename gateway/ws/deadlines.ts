/**
 * One timer for the deadlines of all sockets. A socket waits in the slot of the tick in which its deadline was last
 * known to fall; when that comes it is asked again, so a ping costs nothing here.
 */
export interface Deadlines<T> {
  add(item: T): void;
  remove(item: T): void;
  close(): void;
}

export interface DeadlineOptions<T> {
  readonly tickMs: number;
  readonly clock: () => number;
  /** When something is due for it, in milliseconds since 1970. */
  readonly dueAt: (item: T) => number;
  readonly due: (item: T) => void;
}

export function createDeadlines<T>({ tickMs, clock, dueAt, due }: DeadlineOptions<T>): Deadlines<T> {
  const slots = new Map<number, Set<T>>();
  const slotOf = new Map<T, number>();
  const tickOf = (at: number): number => Math.floor(at / tickMs);
  let reached = tickOf(clock());

  const add = (item: T): void => {
    const slot = Math.max(reached + 1, tickOf(dueAt(item)));
    slotOf.set(item, slot);
    const waiting = slots.get(slot);
    if (waiting) waiting.add(item);
    else slots.set(slot, new Set([item]));
  };
  const remove = (item: T): void => {
    const slot = slotOf.get(item);
    if (slot === undefined) return;
    slotOf.delete(item);
    slots.get(slot)?.delete(item);
  };
  const tick = (): void => {
    const now = clock();
    for (const last = tickOf(now); reached < last; ) {
      reached += 1;
      const waiting = slots.get(reached);
      slots.delete(reached);
      for (const item of waiting ?? []) {
        slotOf.delete(item);
        if (dueAt(item) <= now) due(item);
        else add(item);
      }
    }
  };
  const timer = setInterval(tick, tickMs);
  timer.unref();
  return { add, remove, close: () => clearInterval(timer) };
}
