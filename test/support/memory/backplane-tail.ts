import type { TopicTail } from '../../../events/backplane.ts';
import type { PartitionLogs } from './backplane-log.ts';

export function createMemoryTail(logs: PartitionLogs): TopicTail {
  /** Where each followed partition is read from. */
  let offsets = new Map<number, number>();
  let closed = false;
  let running: Promise<void> | null = null;
  let wake: () => void = () => undefined;

  async function loop(take: Parameters<TopicTail['run']>[0]): Promise<void> {
    const stop = logs.onChange(() => wake());
    try {
      while (!closed) {
        for (const partition of offsets.keys()) {
          const offset = offsets.get(partition);
          if (offset === undefined) continue; // no longer followed since the loop began
          const { links, next } = logs.read(partition, offset, Number.MAX_SAFE_INTEGER);
          if (links.length === 0) continue;
          offsets.set(partition, next);
          take(partition, links);
        }
        const nothingNew = [...offsets].every(([partition, offset]) => logs.end(partition) <= offset);
        if (nothingNew && !closed) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      stop();
    }
  }

  return {
    async follow(partitions) {
      offsets = new Map(partitions.map((partition) => [partition, offsets.get(partition) ?? logs.end(partition)]));
      wake();
    },
    run: (take) => (running = loop(take)),
    async close() {
      closed = true;
      wake();
      await running?.catch(() => undefined); // whoever runs it hears of it
    },
  };
}
