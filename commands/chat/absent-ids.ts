/**
 * Ids from before the window that were looked for in vain → the seq through which no event has them. One that is asked
 * for again is read for from there: where the lookup and the log are slow, each try gets further than the last.
 */
export type AbsentIds = Map<string, number>;

const ABSENT_IDS_MAX = 256;

/** Lets go of what was looked for longest ago. */
export function rememberAbsent(absent: AbsentIds, id: string, throughSeq: number): void {
  absent.delete(id);
  absent.set(id, throughSeq);
  if (absent.size <= ABSENT_IDS_MAX) return;
  for (const oldest of absent.keys()) {
    absent.delete(oldest);
    return;
  }
}
