import type { ChatId } from '../../events/ids.ts';
import type { Step } from '../partitions/ports.ts';

/** How many members a chat has in each recipient slot: all that deliveries need to know of it. Changed in place, then touched. */
export interface ChatSlots {
  readonly chatId: ChatId;
  /** The last seq taken in, 0 for none. */
  headSeq: number;
  readonly counts: Map<number, number>;
}

/** The fold that deliveries keep, checkpointed with their position. */
export interface ChatSlotsStore {
  load(chatIds: readonly ChatId[]): Promise<void>;
  /** Of a loaded chat. */
  of(chatId: ChatId): ChatSlots;
  touch(chat: ChatSlots): void;
  /** The touched rows and the checkpoint in one transaction. Throws `StaleOwner`, or an error with `temporary`. */
  commit(step: Step): Promise<void>;
  reset(): void;
}
