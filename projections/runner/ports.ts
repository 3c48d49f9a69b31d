import type { LogPosition } from '../../events/event-store.ts';
import type { ChatHistoryWriter } from '../chat-history/ports.ts';
import type { MembersWriter } from '../members/ports.ts';
import type { Skip } from '../parking/left-out.ts';
import type { Parked, ParkingNow } from '../parking/ports.ts';
import type { UserChatsWriter } from '../user-chats/ports.ts';
import type { UsersWriter } from '../users/ports.ts';

/** The views that are folded from the log. The chat log needs none: embedded it is the log itself. */
export const VIEWS = ['chat-history', 'user-chats', 'members', 'users'] as const;
export type ViewName = (typeof VIEWS)[number];

/** What is read, and what a rebuild fills beside it. */
export type Generation = 'live' | 'next';

export interface Writers {
  'chat-history': ChatHistoryWriter;
  'user-chats': UserChatsWriter;
  members: MembersWriter;
  users: UsersWriter;
}

/** What is parked of a view's generation. */
export const parkingGroup = (view: ViewName, generation: Generation): string =>
  generation === 'live' ? view : `${view}@${generation}`;

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

export interface ViewsStore extends RowStore {
  /** Null where a rebuild has not begun. */
  state(view: ViewName, generation: Generation): ViewState | null;
  setPaused(view: ViewName, paused: boolean): void;
  /** Empty tables beside the live ones, in place of what an unfinished rebuild left. */
  createNext(views: readonly ViewName[]): void;
  /** The indexes that only readers need. */
  indexNext(view: ViewName): void;
  /** Makes `next` live, all views at once. */
  promote(views: readonly ViewName[]): void;
  dropNext(views: readonly ViewName[]): void;
  /** While a rebuild writes, the write-ahead log is folded in less often. */
  bulk(on: boolean): void;
  /** The live tables as they stand now, whatever is written from now on. */
  pin(): Promise<PinnedViews>;
  close(): void;
}

export interface PinnedViews {
  position(view: ViewName): LogPosition;
  rows(view: ViewName): number;
  /** What is parked of the live views. */
  parked(): Parked[];
  /** An empty store that knows the same ids, for a fold of the log to be compared with. */
  readonly scratch: RowStore;
  /** Compares row by row; yields how many rows it has seen, so that its caller may pause it. */
  compare(view: ViewName): Generator<number, Comparison>;
  close(): Promise<void>;
}

export interface Comparison {
  rows: number;
  /** The share of chats that was compared. */
  sample: number;
  differencesFound: number;
  differences: { chatId: string; seq: number; what: string }[];
  /** What an operator has left out of the views compared. */
  skipped?: Skip[];
  /** Chats and users of which the views hold what came before an event, and no more. */
  parked?: Parked[];
}
