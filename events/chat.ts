import * as z from 'zod';
import { Content } from './content.ts';
import { MessageId, Ulid, UserId } from './ids.ts';

/**
 * The events of a chat (PROTOCOL §2), version 1 of each. One shape, two dresses: in the store words are tagged
 * `Content`; outside they are strings, with `withheld` beside an empty one that may not be shown.
 */
export const Role = z.enum(['admin', 'member']);
export type Role = z.infer<typeof Role>;
export const ChatKind = z.enum(['direct', 'group']);
export type ChatKind = z.infer<typeof ChatKind>;
export const HistoryVisibility = z.enum(['all', 'since-join']);
export type HistoryVisibility = z.infer<typeof HistoryVisibility>;
export const PastContent = z.enum(['then', 'now']);
export type PastContent = z.infer<typeof PastContent>;

const seq = z.int().min(1);
const rev = z.int().min(1);

const dataOf = <W extends z.ZodType<unknown>, X extends z.ZodRawShape>(words: W, beside: X) => {
  const file = z.object({ fileId: Ulid, name: words, mediaType: z.string(), sizeBytes: z.int().min(0) });
  const changed = { messageId: MessageId, messageSeq: seq, rev };
  return {
    ChatStarted: z.object({
      kind: ChatKind,
      title: words.optional(),
      members: z.array(z.object({ userId: UserId, role: Role })),
      historyVisibility: HistoryVisibility,
      pastContent: PastContent,
    }),
    ChatRenamed: z.object({ title: words }),
    MemberAdded: z.object({ userId: UserId, role: Role }),
    MemberRemoved: z.object({ userId: UserId }),
    MemberRoleChanged: z.object({ userId: UserId, role: Role }),
    MessageSent: z.object({
      messageId: MessageId,
      number: z.int().min(1),
      text: words,
      ...beside,
      replyTo: z.object({ messageId: MessageId, seq }).nullable().optional(),
      mentions: z.array(UserId).optional(),
      files: z.array(file).optional(),
      origin: z.object({ source: z.string(), id: z.string(), at: z.string(), author: words }).optional(),
    }),
    MessageEdited: z.object({ ...changed, text: words, ...beside, mentions: z.array(UserId).optional() }),
    MessageDeleted: z.object(changed),
    ReactionAdded: z.object({ ...changed, emoji: z.string() }),
    ReactionRemoved: z.object({ ...changed, emoji: z.string() }),
  };
};

/** As they lie in the log. */
export const StoredChatData = dataOf(Content, {});
/** As they stand in an export, a replay and a push. */
export const ChatData = dataOf(z.string(), { withheld: z.enum(['erased', 'deleted', 'hidden']).optional() });

export type ChatEventType = keyof typeof ChatData;
export const CHAT_EVENT_TYPES = Object.keys(ChatData) as ChatEventType[];

type DataOf<T extends ChatEventType> = z.infer<(typeof ChatData)[T]>;
type StoredDataOf<T extends ChatEventType> = z.infer<(typeof StoredChatData)[T]>;

/** `{type, data}` of a chat event as it is stored, discriminated by `type`. */
export type StoredChatFact = { [T in ChatEventType]: { type: T; data: StoredDataOf<T> } }[ChatEventType];
/** `{type, data}` of a chat event with its words decoded, discriminated by `type`. */
export type ChatFact = { [T in ChatEventType]: { type: T; data: DataOf<T> } }[ChatEventType];

/** What surrounds every event outside the store. */
export interface EventFrame {
  v: number;
  actor: UserId;
  /** RFC 3339 UTC with milliseconds. */
  at: string;
  recordedAt: string;
  position: string;
  eventId: string;
  commandId: string;
  correlationId: string;
  causationId?: string;
}

/** A chat event as the world sees it. */
export type ChatEvent = { chatId: string; seq: number } & ChatFact & EventFrame;

/** A run of events that a viewer may not see: from `seq` through `throughSeq`. */
export interface HiddenEvents {
  chatId: string;
  seq: number;
  throughSeq: number;
  type: 'Hidden';
  position: string;
}

/** One file that a message carries. */
export type FileRef = NonNullable<DataOf<'MessageSent'>['files']>[number];
/** Where an imported message came from. */
export type Origin = NonNullable<DataOf<'MessageSent'>['origin']>;
