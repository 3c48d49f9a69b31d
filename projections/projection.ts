import type { StoredChatFact } from '../events/chat.ts';
import { type Decoded, decode } from '../events/codec.ts';
import type { RecordedEvent } from '../events/event-store.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import type { StoredReceiptsFact } from '../events/receipts.ts';
import { categoryOf, chatOf, receiptsOf, seqOf, userStream } from '../events/streams.ts';
import type { StoredUserFact } from '../events/user.ts';

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

/** The category of an event that some view folds, or null. */
export function inputCategory(event: RecordedEvent): InputCategory | null {
  const category = categoryOf(event.stream);
  return category === 'chat' || category === 'user' || category === 'receipts' ? category : null;
}

/** Throws `MalformedEvent`. `known` is false where no schema knows the type. */
export function inputOf(event: RecordedEvent, category: InputCategory): { known: boolean; input: Input } {
  const decoded = decode(event);
  return { known: decoded.known, input: shape(event, category, decoded) };
}

/** Every input has the same fields in the same order, whatever it is: they are read for each event of the log. */
function shape(event: RecordedEvent, category: InputCategory, { type, data, metadata }: Decoded): Input {
  const { stream, position, revision } = event;
  const receipts = category === 'receipts' ? receiptsOf(stream) : null;
  const input = {
    category,
    type,
    data,
    position,
    seq: seqOf(revision),
    actor: metadata.actor,
    at: metadata.at,
    commandId: metadata.commandId,
    chatId: receipts?.chatId ?? chatOf(stream) ?? '',
    userId: receipts?.userId ?? userOf(stream) ?? '',
  };
  return input as Input;
}

const USER_STREAM = userStream('');
const userOf = (stream: string): UserId | null =>
  stream.startsWith(USER_STREAM) ? stream.slice(USER_STREAM.length) : null;
