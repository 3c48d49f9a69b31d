import type { LogPosition } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import type { ChatHistoryWriter } from '../chat-history/ports.ts';
import type { MembersWriter } from '../members/ports.ts';
import type { Skip } from '../parking/left-out.ts';
import type { Parked, ParkingNow } from '../parking/ports.ts';
import type { UserChatsWriter } from '../user-chats/ports.ts';
import type { UsersWriter } from '../users/ports.ts';

// Of the embedded engine, one thread over one database: `projections/partitions` and `projections/generations` are a cluster's.

/** The views that are folded from the log. The chat log needs none: embedded it is the log itself. */
export const VIEWS = ['chat-history', 'user-chats', 'members', 'users'] as const;
export type ViewName = (typeof VIEWS)[number];

/** Each set of tables of a view has a number of its own, given once. */
export type Generation = number;

/** What is read, what is being built beside it, and what was read before it. */
export interface GenerationNumbers {
  live: Generation;
  building: Generation | null;
  previous: Generation | null;
}

export interface Writers {
  'chat-history': ChatHistoryWriter;
  'user-chats': UserChatsWriter;
  members: MembersWriter;
  users: UsersWriter;
}

/** What is parked of a view: of what is read under its own name, of what is fed beside it under the generation's. */
export const parkingGroup = (
  view: ViewName,
  generation: Generation,
  { live }: Pick<GenerationNumbers, 'live'>,
): string => (generation === live ? view : `${view}@${generation}`);

export interface ViewState {
  /** Everything up to here is in the view. */
  position: LogPosition;
  paused: boolean;
}

/** Somebody else moved the checkpoint: what is held in memory is not what the store holds. */
export class StaleState extends Error {
  readonly code = 'stale-state';
  constructor(view: ViewName) {
    super(`${view}: its checkpoint was moved by another process`);
    this.name = 'StaleState';
  }
}

/** `temporary`: the same call may succeed later. `corrupt`: what the store holds cannot be trusted any more. */
export type StoreFault = 'temporary' | 'corrupt';

/** What rows a runner can write, and where they are checkpointed in the same transaction. */
export interface RowStore {
  /** Within a transaction it is part of that. Groups are called by `parkingGroup`. */
  readonly parking: ParkingNow;
  writer<V extends ViewName>(view: V, generation: Generation): Writers[V];
  transaction(work: () => void): void;
  /** The same over work that waits; whatever else is written meanwhile is part of it. */
  transactionOver(work: () => Promise<void>): Promise<void>;
  /** Within a transaction. Throws `StaleState` where the checkpoint is not at `from`. */
  move(view: ViewName, generation: Generation, step: { from: LogPosition; to: LogPosition }): void;
  /** Null for any error that is not the store's. */
  faultOf(error: unknown): StoreFault | null;
  /** Forgets what a rolled back transaction had made true. */
  reset(): void;
}

/** Jobs that have ended are kept to be looked at: so many, and those that were begun first are forgotten first. */
export const ENDED_KEPT = 100;

export interface ViewsStore extends RowStore {
  generations(view: ViewName): GenerationNumbers;
  /** Null where there is no such generation. */
  state(view: ViewName, generation: Generation): ViewState | null;
  /** The live generation and the one before it. */
  setPaused(view: ViewName, paused: boolean): void;
  /** Within a transaction, as all that changes generations. Empty tables beside those that are there. */
  begin(view: ViewName): void;
  /** The one that is being built is read from now on, and what was read is the previous one. */
  promote(view: ViewName): void;
  /** Nothing is being built any more. */
  abandon(view: ViewName): void;
  /** The previous generation is read from now on, and what was read is the previous one. */
  swap(view: ViewName): void;
  /** There is no previous generation any more. */
  drop(view: ViewName): void;
  /** Removes a table that belongs to no generation any more; false where there was none. */
  sweep(): boolean;
  /** Makes an index that only readers need; false where all are there. */
  index(view: ViewName, generation: Generation): boolean;
  /** Removes what the views hold of a chat in a generation. Within a transaction. */
  clearChat(view: ViewName, generation: Generation, chatId: ChatId): void;
  /** In the order in which they were begun. */
  jobs(): StoredJob[];
  saveJob(job: StoredJob): void;
  /** While the first build writes, the write-ahead log is folded in less often, and more of it at once. */
  bulk(on: boolean): void;
  /** A fold of the log to compare with, in a place of its own, which a later run under the same name goes on with. */
  grading(name: string): Promise<Grading>;
  /** Removes what gradings of other names have left. */
  forgetGradings(except: readonly string[]): Promise<void>;
  close(): void;
}

export interface Grading {
  /** Its only generation is the first. */
  readonly store: RowStore;
  readonly generation: Generation;
  position(view: ViewName): LogPosition;
  /** Takes over the keys of ids that the views have given since. */
  learnKeys(): void;
  /** The views as they stand now, whatever is written from now on. */
  pin(): Promise<Pinned>;
  /** What is kept goes on when the same name is asked for again. */
  close(how: { keep: boolean }): Promise<void>;
}

/** The rows that are compared; all where nothing is picked. */
export interface Picked {
  chat(chatId: ChatId): boolean;
  user(userId: UserId): boolean;
  /** Where they are few: those that `chat` holds of. */
  readonly chats?: ReadonlySet<ChatId>;
}

export interface Pinned {
  position(view: ViewName, generation: Generation): LogPosition;
  rows(view: ViewName, generation: Generation): number;
  /** What is parked of a generation. */
  parked(view: ViewName, generation: Generation): Parked[];
  /** Compares row by row; yields how many rows it has seen, so that its caller may pause it. */
  compare(view: ViewName, generation: Generation, picked: Picked | null): Generator<number, Compared>;
  close(): void;
}

export interface Compared {
  rows: number;
  /** All that were found, of which the first are named. */
  differencesFound: number;
  differences: Difference[];
}

export interface Difference {
  chatId: string;
  seq: number;
  what: string;
}

export interface Comparison extends Compared {
  /** The share of chats that was compared. */
  sample: number;
  /** What an operator has left out of the views compared. */
  skipped?: Skip[];
  /** Chats and users of which the views hold what came before an event, and no more. */
  parked?: Parked[];
}

/** A job as it lies in the store. */
export interface StoredJob {
  readonly jobId: string;
  /** A view, `all`, or the chat of a repair. */
  readonly name: string;
  readonly action: 'rebuild' | 'verify' | 'repair';
  readonly views: readonly ViewName[];
  /** Of views that hold nothing yet: nothing is verified, and nothing kept. */
  readonly first: boolean;
  readonly how: { eventsPerSecond?: number; share?: number; sample?: number };
  readonly by: { actor: string; reason?: string } | null;
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  phase: 'building' | 'catching-up' | 'verifying' | 'switching' | null;
  /** Milliseconds since 1970, both. */
  readonly startedAt: number;
  endedAt: number | null;
  result: Comparison | null;
  error: string | null;
}
