import type { StoredChatFact } from '../events/chat.ts';
import type { Decoded } from '../events/codec.ts';
import type { RecordedEvent } from '../events/event-store.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import type { StoredReceiptsFact } from '../events/receipts.ts';
import { seqOf } from '../events/streams.ts';
import type { StoredUserFact } from '../events/user.ts';
import type { Subject } from './subjects.ts';

interface Frame {
  readonly position: number;
  readonly seq: number;
  readonly actor: UserId;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly commandId: string;
}

/** An event of the log as projectors take it: decoded, the words still tagged. An unknown type comes as it was stored. */
export type ChatInput = Frame & { readonly category: 'chat'; readonly chatId: ChatId } & StoredChatFact;
export type UserInput = Frame & { readonly category: 'user'; readonly userId: UserId } & StoredUserFact;
export type ReceiptsInput = Frame & {
  readonly category: 'receipts';
  readonly chatId: ChatId;
  readonly userId: UserId;
} & StoredReceiptsFact;
export type Input = ChatInput | UserInput | ReceiptsInput;
export type InputCategory = Input['category'];

/**
 * One view's fold: events in, changes to its writer out. Between two flushes it may hold changes back to write a row
 * once for many events; `reset` forgets everything that a rolled back transaction had made true.
 */
export interface Projection {
  readonly categories: readonly InputCategory[];
  /** Events of the view's categories in log order. What it had before is dropped; a gap throws `OutOfOrder`. */
  apply(input: Input): void;
  flush(): void;
  reset(): void;
}

/** Where an event lies in the log, and what it is called. */
export type EventPlace = Pick<RecordedEvent, 'stream' | 'revision' | 'type' | 'position'>;

/** Every input has the same fields in the same order, whatever it is: they are read for each event of the log. */
export function inputOf(
  { position, revision }: EventPlace,
  { category, chatId, userId }: Subject,
  { type, data, metadata }: Decoded,
): Input {
  const { actor, at, commandId } = metadata;
  return { category, type, data, position, seq: seqOf(revision), actor, at, commandId, chatId, userId } as Input;
}
