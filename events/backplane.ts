import type { LogPosition, RecordedEvent } from './event-store.ts';

/**
 * What carries events between processes: ordered topics of a fixed number of partitions, at least once. It need not
 * be trusted: every link says what came before it, so that a reader notices what is missing, whatever the reason, and
 * reads it from the log. Adapters: memory (tests), Kafka. Specification: `test/contracts/backplane.ts`.
 */
export interface Link {
  /** Who made the chain that it belongs to: 0 for the relay; in deliveries the partition that the event came from. */
  readonly source: number;
  /**
   * Everything of its source and partition at or before this position came earlier. Whoever holds less has missed
   * something; whoever holds `position` or more drops the link.
   */
  readonly after: LogPosition;
  readonly position: LogPosition;
  /** Null in a watermark: nothing between `after` and `position` was for this partition. */
  readonly event: RecordedEvent | null;
}

export interface Placed {
  readonly partition: number;
  readonly link: Link;
}

export interface TopicWriter {
  readonly partitions: number;
  /**
   * Resolves when all in-sync replicas have every link. Calls are written in the order made, one request in flight;
   * calls that wait are written together. After a failure (temporary: `code`, `temporary`) some, all or none of the
   * links may be there: the caller writes the identical ones again before any later one of the same source.
   */
  write(links: readonly Placed[]): Promise<void>;
  close(): Promise<void>;
}

/** A member of a group that shares a topic's partitions among its processes. */
export interface TopicGroup {
  /** Runs until it is closed. Rejects where it cannot go on: the process ends, and another takes over. */
  run(member: GroupMember): Promise<void>;
  close(): Promise<void>;
}

export interface GroupMember {
  /**
   * Links of one partition in order; one call at a time for each partition. When it resolves they are done with; when
   * it throws they come again, after a pause. A partition that was never seen begins at the group's last place, or at
   * the oldest link that is kept.
   */
  take(partition: number, links: readonly Link[]): Promise<void>;
  /** Partitions that are this member's no more. What is in flight may still end. */
  lost(partitions: readonly number[]): void;
}

/** Reads the ends of chosen partitions, alone: for gateways, which own slots rather than sharing them out. */
export interface TopicTail {
  /**
   * Replaces what is followed. A partition that is new begins with the links written from now on; resolves when it is
   * being read.
   */
  follow(partitions: readonly number[]): Promise<void>;
  /** Calls for each batch, in order for each partition, until closed. Rejects where it cannot go on. */
  run(take: (partition: number, links: readonly Link[]) => void): Promise<void>;
  close(): Promise<void>;
}
