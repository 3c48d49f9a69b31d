import * as z from 'zod';
import { CHAT_EVENT_TYPES, ChatKind, HistoryVisibility, PastContent, Role } from '../events/chat.ts';
import { ERROR_CODES } from '../events/error-codes.ts';
import { ChatId, MessageId, Ulid, UserId } from '../events/ids.ts';
import { UserRole } from '../events/user.ts';

/**
 * What is answered, the same over HTTP and over the socket (PROTOCOL §5). Over HTTP a response is checked against
 * these before it leaves: a field that is not named here never does.
 */
const schemas = z.registry<{ id: string; description?: string }>();
/** The schemas that documents refer to by name. */
export const NAMED_ANSWERS = schemas;
export function named<T extends z.ZodType>(id: string, schema: T, description?: string): T {
  schemas.add(schema, { id, ...(description === undefined ? {} : { description }) });
  return schema;
}

const seq = z.int().min(0);
const at = z.string();
const position = z.string();
const withheld = z.enum(['erased', 'deleted', 'hidden']).nullable();

export const AsOf = named(
  'AsOf',
  z.object({ seq, at: at.nullable() }),
  'The point that the answer shows: the fold of events 1 to seq.',
);
/** A view could not take an event of the chat: `asOf` says how far the answer goes, `headSeq` how far the chat does. */
const lagging = named('Lagging', z.object({ headSeq: seq, since: at })).optional();
export const Reply = named(
  'Reply',
  z.object({ chatId: ChatId, messageId: MessageId.optional(), seq, at, position, changed: z.boolean() }),
  'What became of a command. `position` is at or after the event.',
);
export const PublicUser = named('User', z.object({ userId: UserId, username: z.string(), displayName: z.string() }));
export const FoundUser = named('FoundUser', PublicUser.extend({ position }));
export const Profile = named(
  'Profile',
  z.object({
    userId: UserId,
    username: z.string(),
    displayName: z.string(),
    version: z.int(),
    roles: z.array(UserRole).optional(),
  }),
);
export const Session = named(
  'Session',
  z.object({
    accessToken: z.string(),
    refreshToken: z.string(),
    expiresAt: at,
    user: PublicUser,
    gateway: z.object({ url: z.string() }),
  }),
);

const file = z.object({ fileId: Ulid, name: z.string(), mediaType: z.string(), sizeBytes: z.int() });
const origin = z.object({ source: z.string(), id: z.string(), at, author: z.string() });
export const Message = named(
  'Message',
  z.object({
    seq,
    number: z.int(),
    messageId: MessageId,
    senderId: UserId,
    at,
    text: z.string(),
    editedAt: at.nullable(),
    deleted: z.boolean(),
    withheld,
    replyTo: z.object({ messageId: MessageId, seq }).nullable(),
    mentions: z.array(UserId),
    files: z.array(file),
    reactions: z.array(z.object({ emoji: z.string(), count: z.int(), mine: z.boolean(), userIds: z.array(UserId) })),
    origin: origin.optional(),
  }),
);

const chatFields = {
  chatId: ChatId,
  kind: ChatKind,
  title: z.string().nullable(),
  peerId: UserId.optional(),
  memberCount: z.int(),
  headSeq: seq,
  visibleFrom: seq,
  readSeq: seq,
};
export const ChatSummary = named(
  'ChatSummary',
  z.object({ ...chatFields, lastMessage: Message.nullable(), unread: z.int(), lagging }),
);
export const Chat = named(
  'Chat',
  z.object({
    ...chatFields,
    role: Role,
    historyVisibility: HistoryVisibility,
    pastContent: PastContent,
    asOf: AsOf,
    lagging,
    position,
  }),
);
export const ChatPage = named(
  'ChatPage',
  z.object({ chats: z.array(ChatSummary), next: z.string().nullable(), position }),
);
export const StartedChat = named('StartedChat', z.object({ chatId: ChatId, seq, at, position }));

const page = <T extends z.ZodRawShape>(fields: T) =>
  z.object({ ...fields, next: z.string().nullable(), asOf: AsOf, lagging, position });
export const MemberPage = named(
  'MemberPage',
  page({ members: z.array(z.object({ userId: UserId, role: Role, sinceSeq: seq })) }),
);
export const ReactionPage = named(
  'ReactionPage',
  page({ reactions: z.array(z.object({ emoji: z.string(), userId: UserId, seq, at })) }),
);
export const MessagePage = named(
  'MessagePage',
  z.object({
    chatId: ChatId,
    asOf: AsOf,
    title: z.string().nullable(),
    memberCount: z.int(),
    lagging,
    messages: z.array(Message),
    next: z.union([z.object({ before: seq, asOf: seq }), z.object({ after: seq, asOf: seq })]).nullable(),
    position,
  }),
  'Oldest first. `next` names the following page at the same point.',
);
export const Versions = named(
  'Versions',
  z.object({
    versions: z.array(z.object({ rev: z.int(), seq, at, actor: UserId, text: z.string(), withheld })),
    asOf: AsOf,
    lagging,
    position,
  }),
);
const beforeAfter = { before: z.string().nullable(), after: z.string().nullable() };
export const Diff = named(
  'Diff',
  z.object({
    added: z.array(Message),
    edited: z.array(z.object({ messageId: MessageId, before: z.string(), after: z.string() })),
    deleted: z.array(Message),
    reactions: z.array(
      z.object({ messageId: MessageId, emoji: z.string(), added: z.array(UserId), removed: z.array(UserId) }),
    ),
    members: z.object({
      added: z.array(UserId),
      removed: z.array(UserId),
      roles: z.array(z.object({ userId: UserId, before: Role, after: Role })),
    }),
    title: z.object(beforeAfter).nullable(),
    from: AsOf,
    to: AsOf,
    lagging,
    position,
  }),
);

/** The data of an event is what the log holds, younger fields included: described in docs/protocol.md, not stripped. */
export const ChatEvent = named(
  'ChatEvent',
  z.object({
    chatId: ChatId,
    seq,
    type: z.string().meta({ description: `One of ${CHAT_EVENT_TYPES.join(', ')}; a younger server may know more.` }),
    v: z.int(),
    data: z.record(z.string(), z.unknown()),
    actor: z.string(),
    at,
    recordedAt: at,
    position,
    eventId: z.string(),
    commandId: z.string(),
    correlationId: z.string(),
    causationId: z.string().optional(),
  }),
);
export const HiddenEvents = named(
  'HiddenEvents',
  z.object({ chatId: ChatId, seq, throughSeq: seq, type: z.literal('Hidden'), position }),
  'A run of events that the viewer may not see.',
);
export const EventPage = named(
  'EventPage',
  z.object({ events: z.array(z.union([HiddenEvents, ChatEvent])), next: seq.nullable(), asOf: AsOf, position }),
);
export const ReceiptList = named(
  'ReceiptList',
  z.object({
    receipts: z.array(z.object({ userId: UserId, readSeq: seq, deliveredSeq: seq })),
    asOf: AsOf,
    lagging,
    position,
  }),
);
export const Marks = named('Marks', z.object({ readSeq: seq, deliveredSeq: seq }));
export const UserPage = named(
  'UserPage',
  z.object({ users: z.array(PublicUser), next: z.string().nullable(), position }),
);

const generation = z.int().nullable();
export const ProjectionState = named(
  'ProjectionState',
  z.object({
    name: z.string(),
    state: z.enum(['live', 'catching-up', 'paused', 'rebuilding']),
    position,
    lagEvents: z.int(),
    lagSeconds: z.number(),
    progress: z.number().nullable(),
    etaS: z.number().nullable(),
    generations: z
      .object({ live: generation, building: generation, previous: generation })
      .meta({ description: 'What is read, what is being built, and what `rollback` goes back to.' }),
  }),
);
const Comparison = z.object({
  rows: z.int(),
  sample: z.number().meta({ description: 'The share of chats that was compared; 1: every row.' }),
  differencesFound: z.int().meta({ description: 'All of them; `differences` names the first.' }),
  differences: z.array(z.object({ chatId: z.string(), seq: z.int(), what: z.string() })),
  skipped: z
    .array(
      z.object({
        views: z.array(z.string()),
        stream: z.string(),
        revision: z.int(),
        type: z.string(),
        reason: z.string(),
      }),
    )
    .optional()
    .meta({ description: 'Events that operators have left out: no differences.' }),
  parked: z
    .array(z.object({ group: z.string(), key: z.string(), stream: z.string(), revision: z.int(), waiting: z.int() }))
    .optional()
    .meta({
      description: 'Chats of which the view holds what came before an event, and no more: no differences either.',
    }),
});
export const ProjectionJob = named(
  'ProjectionJob',
  z.object({
    jobId: z.string(),
    name: z.string().meta({ description: 'A view, `all`, or the chat of a repair.' }),
    action: z.enum(['rebuild', 'verify', 'repair']),
    state: z.enum(['running', 'paused', 'done', 'failed', 'cancelled']),
    phase: z.enum(['building', 'catching-up', 'verifying', 'switching']).nullable(),
    progress: z.number(),
    etaS: z.number().nullable().meta({ description: 'By the pace of the last while.' }),
    eventsPerSecond: z.number().nullable().meta({ description: 'The pace of the last while.' }),
    lagEvents: z.int().nullable(),
    lagSeconds: z.number().nullable(),
    startedAt: at,
    endedAt: at.nullable(),
    actor: z.string().nullable().meta({ description: 'Who asked for it; null where the server began it by itself.' }),
    reason: z.string().nullable(),
    result: Comparison.nullable(),
    error: z.string().nullable(),
  }),
);
export const OpsEntry = named(
  'OpsEntry',
  z.object({
    at,
    position,
    area: z.string(),
    actor: z.string(),
    type: z.string(),
    data: z.record(z.string(), z.unknown()),
  }),
  'What an operator did or an analyst read: asked for first, then what became of it.',
);

export const Problem = named(
  'Problem',
  z.object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    retryable: z.boolean(),
  }),
  'RFC 9457. The same codes stand on the socket.',
);
