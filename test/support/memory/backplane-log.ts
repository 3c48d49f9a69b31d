import type { Link, Placed } from '../../../events/backplane.ts';

/** The partitions of a topic in memory, each a log with offsets of its own. */
export interface PartitionLogs {
  readonly partitions: number;
  append(links: readonly Placed[]): void;
  /** From `offset` on, or from the oldest where that is gone; `next` is where to go on. */
  read(partition: number, offset: number, limit: number): { links: readonly Link[]; next: number };
  first(partition: number): number;
  end(partition: number): number;
  expire(keep: number): void;
  /** Calls whenever something may be new, until it is unsubscribed. */
  onChange(listener: () => void): () => void;
}

export function createPartitionLogs(partitions: number): PartitionLogs {
  const logs = Array.from({ length: partitions }, () => ({ first: 0, links: [] as Link[] }));
  const listeners = new Set<() => void>();
  const logOf = (partition: number): { first: number; links: Link[] } => {
    const log = logs[partition];
    if (!log) throw new Error(`there is no partition ${partition}, only ${partitions}`);
    return log;
  };
  return {
    partitions,
    append(links) {
      for (const { partition, link } of links) logOf(partition).links.push(link);
      for (const listener of listeners) listener();
    },
    read(partition, offset, limit) {
      const { first, links } = logOf(partition);
      const from = Math.max(offset, first);
      const found = links.slice(from - first, from - first + limit);
      return { links: found, next: from + found.length };
    },
    first: (partition) => logOf(partition).first,
    end: (partition) => logOf(partition).first + logOf(partition).links.length,
    expire(keep) {
      for (const log of logs) log.first += log.links.splice(0, Math.max(0, log.links.length - keep)).length;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
