import * as z from 'zod';
import { type ChatEvent, StoredChatData, type StoredChatFact } from './chat.ts';
import { words } from './content.ts';
import { Metadata } from './envelope.ts';
import type { ParsedEvent, RecordedEvent } from './event-store.ts';
import { StoredConfigData, StoredOpsData } from './ops.ts';
import { encodePosition } from './position.ts';
import { StoredReceiptsData } from './receipts.ts';
import { categoryOf, chatOf, seqOf } from './streams.ts';
import { upcast } from './upcasters.ts';
import { StoredUserData, StoredUsernameData } from './user.ts';

/** The version in which each type is written today; a type that is absent is at 1. */
export const CURRENT_VERSION: Readonly<Record<string, number>> = {};
export const versionOf = (type: string): number => CURRENT_VERSION[type] ?? 1;

/** `type` is the name as this program has it: comparing that with itself looks at no letter. */
type Known = { type: string; version: number; schema: z.ZodType };

/** Compiled once: zod's generated validators are several times faster than its interpreter. */
const SCHEMAS: ReadonlyMap<string, ReadonlyMap<string, Known>> = new Map(
  Object.entries({
    chat: StoredChatData,
    user: StoredUserData,
    username: StoredUsernameData,
    receipts: StoredReceiptsData,
    config: StoredConfigData,
    ops: StoredOpsData,
  }).map(([category, schemas]) => {
    const known = Object.entries(schemas).map(
      ([type, schema]) => [type, { type, version: versionOf(type), schema: z.compile(schema as z.ZodType) }] as const,
    );
    return [category, new Map(known)];
  }),
);
const metadataSchema = z.compile(Metadata);

type Place = Pick<RecordedEvent, 'stream' | 'revision' | 'type'>;

/** An event of the log, read: upcast to the current version and checked. */
export interface Decoded {
  /**
   * False where no schema knows the type, or only older versions of it: `data` is then what was stored, untouched, and
   * must be kept and counted.
   */
  known: boolean;
  /** Of a version that is younger than this program `<type>.v<version>`, so that nothing takes it for one it can read. */
  type: string;
  data: unknown;
  metadata: Metadata;
}

/**
 * An event of the log that its schema refuses. A reader parks it; it never skips it. Says where it lies and holds nothing
 * of what it says: errors are logged with all their fields, and words belong in no log.
 */
export class MalformedEvent extends Error {
  readonly code = 'malformed-event';
  constructor({ stream, revision, type }: Place, why: string) {
    super(`${stream} revision ${revision} (${type}): ${why}`);
    this.name = 'MalformedEvent';
  }
}

/** It is whole, and of a version that is younger than this program. */
export class YoungerEvent extends MalformedEvent {}

/** Who, when and by which command, without reading what. */
export const decodeMetadata = (event: RecordedEvent): Metadata =>
  check(event, metadataSchema, parseJson(event, event.metadata)) as Metadata;

/** The same of an event that may be damaged: null where nobody can tell. */
export function readableMetadata({ metadata }: { readonly metadata: unknown }): Metadata | null {
  try {
    const result = metadataSchema.safeParse(typeof metadata === 'string' ? JSON.parse(metadata) : metadata);
    return result.success ? (result.data as Metadata) : null;
  } catch {
    return null; // not JSON: that is the answer
  }
}

/** When it happened, in milliseconds since 1970; of an event that is damaged, when it was recorded. */
export const atOf = (event: RecordedEvent): number => readableMetadata(event)?.at ?? event.recordedAt;

export function decode(event: RecordedEvent): Decoded {
  const { stream, revision, type } = event;
  const metadata = parseJson(event, event.metadata);
  return decodeParsed({ stream, revision, type, data: parseJson(event, event.data), metadata });
}

/** The same of an event whose JSON is read already. */
export function decodeParsed(event: Omit<ParsedEvent, 'position'>): Decoded {
  const metadata = check(event, metadataSchema, event.metadata) as Metadata;
  const known = SCHEMAS.get(categoryOf(event.stream))?.get(event.type);
  if (!known) return { known: false, type: event.type, data: event.data, metadata };
  const { type, version, schema } = known;
  if (metadata.v > version) return { known: false, type: youngerName(type, metadata.v), data: event.data, metadata };
  return { known: true, type, data: check(event, schema, upcast(type, metadata.v, event.data)), metadata };
}

const youngerName = (type: string, v: number): string => `${type}.v${v}`;
/** The type under which an event was stored, of the one that decoding gave it. */
export const storedType = (type: string, v: number): string =>
  type.endsWith(youngerName('', v)) ? type.slice(0, -youngerName('', v).length) : type;

/**
 * For whoever decides by it. An event of an unknown type is none of this program's business; one of a known type in a
 * younger version is, and nothing may be decided without it: it is refused as malformed.
 */
export function decodeToDecide(event: RecordedEvent): Decoded {
  const decoded = decode(event);
  if (decoded.type === event.type) return decoded;
  throw new YoungerEvent(
    event,
    `version ${decoded.metadata.v} is of a newer program: this one reads ${versionOf(event.type)}`,
  );
}

/** Why the data of an event, in the current version, is not what its schema wants; null where it is, or there is none. */
export function whyMalformed({ stream, type }: Pick<RecordedEvent, 'stream' | 'type'>, data: unknown): string | null {
  const result = SCHEMAS.get(categoryOf(stream))?.get(type)?.schema.safeParse(data);
  return !result || result.success ? null : z.prettifyError(result.error);
}

/** Whether a stream of this kind has events of this type, in whatever version. */
export const isKnownType = ({ stream, type }: Pick<RecordedEvent, 'stream' | 'type'>): boolean =>
  SCHEMAS.get(categoryOf(stream))?.has(type) ?? false;
/** Whether streams of any kind have events of this type. */
export const isTypeOfAny = (type: string): boolean => [...SCHEMAS.values()].some((types) => types.has(type));

/**
 * A chat's event as the world sees it, words decoded. An event of a type that this version does not know keeps its
 * type and data as they are.
 */
export function decodeChatEvent(event: RecordedEvent, epoch: string): ChatEvent {
  const chatId = chatOf(event.stream);
  if (chatId === null) throw new Error(`${event.stream} is not the stream of a chat`);
  const { known, type, data, metadata } = decode(event);
  const fact = known ? decodeWords({ type, data } as StoredChatFact) : { type, data };
  return {
    chatId,
    seq: seqOf(event.revision),
    ...fact,
    v: known ? Math.max(metadata.v, versionOf(type)) : metadata.v, // that of the data, which was upcast
    actor: metadata.actor,
    at: rfc3339(metadata.at),
    recordedAt: rfc3339(event.recordedAt),
    position: encodePosition(epoch, event.position),
    eventId: event.eventId,
    commandId: metadata.commandId,
    correlationId: metadata.correlationId,
    ...(metadata.causationId === undefined ? {} : { causationId: metadata.causationId }),
  } as ChatEvent;
}

/** The same for whoever must not break off at an event that is damaged: that one is told of as `Unreadable`. */
export function readChatEvent(event: RecordedEvent, epoch: string): ChatEvent {
  try {
    return decodeChatEvent(event, epoch);
  } catch (error) {
    if (!(error instanceof MalformedEvent)) throw error;
    return decodeChatEvent(unreadable(event), epoch);
  }
}

/** The type under which a damaged event is told of. */
export const UNREADABLE = 'Unreadable';
const NO_ULID = '0'.repeat(26);

/** What is left of a damaged event: its place, and who, when and by which command where that can be read. */
export function unreadable(event: RecordedEvent): RecordedEvent {
  const nobody = { v: 1, actor: '', at: event.recordedAt, commandId: NO_ULID, correlationId: NO_ULID };
  const metadata = { ...nobody, ...readableMetadata(event), v: 1 };
  return { ...event, type: UNREADABLE, data: '{}', metadata: JSON.stringify(metadata) };
}

function decodeWords(fact: StoredChatFact): { type: string; data: unknown } {
  switch (fact.type) {
    case 'ChatStarted':
    case 'ChatRenamed':
      return fact.data.title === undefined
        ? fact
        : { type: fact.type, data: { ...fact.data, title: words(fact.data.title) } };
    case 'MessageEdited':
      return { type: fact.type, data: { ...fact.data, text: words(fact.data.text) } };
    case 'MessageSent': {
      const { files, origin } = fact.data;
      return {
        type: fact.type,
        data: {
          ...fact.data, // first, so that everything keeps the place that it has in the log
          text: words(fact.data.text),
          ...(files && { files: files.map((file) => ({ ...file, name: words(file.name) })) }),
          ...(origin && { origin: { ...origin, author: words(origin.author) } }),
        },
      };
    }
    default:
      return fact;
  }
}

let lastTime = Number.NaN;
let lastText = '';
/** RFC 3339 UTC with milliseconds; the same instant is formatted once. */
export function rfc3339(time: number): string {
  if (time !== lastTime) {
    lastText = new Date(time).toISOString();
    lastTime = time;
  }
  return lastText;
}

function parseJson(event: Place, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedEvent(event, 'not JSON'); // the parser's own message quotes what it could not read
  }
}

function check(event: Place, schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw new MalformedEvent(event, z.prettifyError(result.error));
  return value; // not the parse's copy: a field that a younger version added is kept
}
