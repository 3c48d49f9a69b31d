import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import type { Input } from '../projection.ts';
import type { ViewName, Writers } from '../runner/ports.ts';

/**
 * In a cluster each consumer group follows the log by partitions of the backplane and keeps a checkpoint for each.
 * `chat-history` holds the views of that name and the chat log, `user-chats` those of user chats, members and users.
 */
export const VIEW_GROUPS = ['chat-history', 'user-chats'] as const;
export type ViewGroup = (typeof VIEW_GROUPS)[number];
export const isViewGroup = (name: string): name is ViewGroup => VIEW_GROUPS.some((group) => group === name);
/** The views of a group are folded together, and an event that one of them cannot take parks its chat in all of them. */
export const VIEWS_OF = {
  'chat-history': ['chat-history'],
  'user-chats': ['user-chats', 'members', 'users'],
} as const satisfies Record<ViewGroup, readonly ViewName[]>;
/** Views of one group move together, and have their generations together. */
export const groupOf = (view: ViewName): ViewGroup =>
  VIEWS_OF['user-chats'].some((each) => each === view) ? 'user-chats' : 'chat-history';
export type GroupName = ViewGroup | `${ViewGroup}@${number}` | 'deliveries' | 'relay';

/** Its tables lie where everything else lies. */
export const FIRST_GENERATION = 1;

/** What follows the log for one generation of a group's views. The first is called as groups were before there were others. */
export const groupName = (group: ViewGroup, generation: number): GroupName =>
  generation === FIRST_GENERATION ? group : `${group}@${generation}`;

/** The right to move a checkpoint. A later claim of the same one ends it. */
export interface Claim {
  readonly group: GroupName;
  readonly partition: number;
  /** Grows with every claim. */
  readonly term: number;
  /** Of rows that an earlier version emptied where they were: heads of older eras say nothing. It grows no more. */
  readonly era: number;
  readonly position: LogPosition;
}

export interface Step {
  readonly claim: Claim;
  readonly from: LogPosition;
  readonly to: LogPosition;
}

/** Another process has claimed the checkpoint since: whatever this one still holds is worth nothing. */
export class StaleOwner extends Error {
  readonly code = 'stale-owner';
  readonly temporary = false;
  constructor({ group, partition, term }: Claim) {
    super(`${group}, partition ${partition}: term ${term} is over, another process has taken over`);
    this.name = 'StaleOwner';
  }
}

/**
 * The database will never hold what a batch says, whoever asks: a value it does not know, or one that is too large.
 * Thrown by `load` and `commit`; whose event it is, the caller finds out.
 */
export class RefusedRows extends Error {
  readonly code = 'refused-rows';
  readonly temporary = false;
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'RefusedRows';
  }
}

export interface CheckpointState {
  readonly group: GroupName;
  readonly partition: number;
  readonly position: LogPosition;
  readonly term: number;
  readonly owner: string;
  /** Since the checkpoint was last moved or confirmed, by the store's clock. */
  readonly idleMs: number;
  readonly paused: boolean;
}

/** Where every partition of every group stands, and whose it is. One fence for all of them: the term. */
export interface Checkpoints {
  /** Makes the rows of a group, where missing, at position 0 with term 0. */
  prepare(group: GroupName, partitions: number): Promise<void>;
  /** Takes over, whoever has it. */
  claim(group: GroupName, partition: number, owner: string): Promise<Claim>;
  /** Takes over only where nobody has moved or confirmed it for so long; else null. */
  claimIdle(group: GroupName, partition: number, options: { owner: string; idleMs: number }): Promise<Claim | null>;
  /** Throws `StaleOwner` where the claim is over, or the checkpoint is not at `from`. `from === to` confirms it. */
  move(step: Step): Promise<void>;
  /** Its holder moves it no more: whoever asks may have it at once. Does nothing where the claim is over. */
  release(claim: Claim): Promise<void>;
  /** All rows of the groups, or of all groups. */
  list(groups?: readonly GroupName[]): Promise<CheckpointState[]>;
  setPaused(group: GroupName, paused: boolean): Promise<void>;
}

export interface PartitionBatch {
  /** In order. */
  readonly events: readonly RecordedEvent[];
  /** The same events as projectors take them; those that no view takes are left out. */
  readonly inputs: readonly Input[];
}

/**
 * The rows of one group for one partition, in one database. Projectors ask synchronously, so what a batch will be asked
 * about is read before it: `load`, then the writers, then `commit`. Specification: `test/contracts/partition-rows.ts`.
 */
export interface PartitionRows {
  readonly group: ViewGroup;
  writer<V extends keyof Writers>(view: V): Writers[V];
  load(batch: PartitionBatch): Promise<void>;
  /**
   * All that was flushed, and the checkpoint: in one transaction where the database has them, else the checkpoint last,
   * over rows that may be written any number of times. Throws `StaleOwner`, or an error with `temporary`.
   */
  commit(step: Step): Promise<void>;
  /** Forgets what was loaded and not committed. */
  reset(): void;
  close(): Promise<void>;
}
