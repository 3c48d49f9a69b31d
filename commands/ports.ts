import type { EventStore } from '../events/event-store.ts';
import type { ChatId, MessageId, UserId } from '../events/ids.ts';

/** What the write side needs of the world. Only the store is needed to be right; the rest makes it fast. */
export interface CommandsDeps {
  readonly store: EventStore;
  readonly snapshots: Snapshots;
  readonly lookup: MessageLookup;
  /** Where reading a user's stream takes a while. */
  readonly users?: UserLookup;
  readonly ids: Ids;
  readonly emoji: Emoji;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Pauses and deadlines; default: the process's own. */
  readonly timer?: Timer;
  /** Told of what went wrong without failing a command: a snapshot not saved, a lookup that threw. */
  readonly onFault?: (what: string, error: unknown) => void;
  /** The W3C trace context that the caller is in, for the metadata of the events. Asked before anything is awaited. */
  readonly trace?: () => string | undefined;
}

export type { EventStore } from '../events/event-store.ts';

/**
 * The folded core of long streams. May lose anything at any time: then the stream is read from its beginning. `load` is not
 * waited for long.
 */
export interface Snapshots {
  load(stream: string): Promise<{ revision: number; state: string } | null>;
  /** Replaces what is there, unless that is newer. */
  save(stream: string, revision: number, state: string): Promise<void>;
}

/**
 * Where ids that lie before a chat's window are found. It may be stale but is never wrong: the answer is exactly
 * the chat's events 1..`throughSeq`, all of them, however far behind the head that is. May throw, or not answer in time:
 * then the stream is read.
 */
export interface MessageLookup {
  find(query: LookupQuery): Promise<LookupAnswer>;
}

/** Which of many users exist. May lack some who do: those are read. May throw, or not answer in time: then all are. */
export interface UserLookup {
  existing(userIds: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface LookupQuery {
  readonly chatId: ChatId;
  /** Ids of commands; a message's id is that of the command that sent it. */
  readonly ids: readonly string[];
  /** Whose reaction is asked for, beside the counts; every `messageId` is among `ids`. */
  readonly reactions: readonly { readonly messageId: MessageId; readonly userId: UserId; readonly emoji: string }[];
}

export interface LookupAnswer {
  /** 0 where nothing of the chat is known yet. */
  readonly throughSeq: number;
  /** The asked ids that stand in events 1..`throughSeq`. */
  readonly found: ReadonlyMap<string, LookedUp>;
}

export interface LookedUp {
  /** The first event whose metadata carries the id as `commandId`; of a message: its `MessageSent`. */
  readonly seq: number;
  /** null where the id is a command's, not a message's. */
  readonly message: LookedUpMessage | null;
}

/** A message as of `throughSeq`. */
export interface LookedUpMessage {
  readonly senderId: UserId;
  readonly rev: number;
  readonly deleted: boolean;
  /** Empty when deleted. */
  readonly text: string;
  readonly mentions: readonly UserId[];
  /** Each emoji that stands now (20 at most) with the number of users behind it. Empty when deleted. */
  readonly emojis: ReadonlyMap<string, number>;
  /** Those of the asked `reactions` to this message that stand. */
  readonly reacted: readonly { readonly userId: UserId; readonly emoji: string }[];
}

export interface Ids {
  /** A fresh ULID, later than the one before. */
  ulid(): string;
  /** A UUID that follows from its arguments alone. */
  eventId(namespace: string, key: string): string;
}

export interface Emoji {
  /** The fully qualified form where the text is exactly one RGI emoji, however it is qualified; else null. */
  qualify(text: string): string | null;
}

export interface Timer {
  /** Milliseconds that never run backwards. */
  now(): number;
  /** Calls once after so many milliseconds; returns the cancel. */
  after(ms: number, call: () => void): () => void;
}
