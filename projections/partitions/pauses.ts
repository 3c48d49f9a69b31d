import type { Checkpoints, GroupName } from './ports.ts';

export interface PauseWatch {
  /** As it was asked for last, at most so long ago. */
  isPaused(): Promise<boolean>;
}

/** Whether an operator has paused the group: one question for all partitions, and only while there is something to take. */
export function watchPauses(of: { group: GroupName; checkpoints: Checkpoints; everyMs: number }): PauseWatch {
  const { group, checkpoints, everyMs } = of;
  let paused = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    paused = (await checkpoints.list([group])).some((row) => row.paused);
    askedAt = performance.now();
  }

  return {
    async isPaused() {
      if (performance.now() - askedAt >= everyMs) {
        asking ??= ask().finally(() => (asking = null));
        await asking;
      }
      return paused;
    },
  };
}
