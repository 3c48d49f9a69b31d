import type { ChatEvent } from '../../events/chat.ts';
import type { ColumnType, Row, Table } from './port.ts';

const table = (name: string, columns: Record<string, ColumnType>): Table => ({
  name,
  columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
});

const EVENT_COLUMNS: Record<string, ColumnType> = {
  chat_id: 'text',
  seq: 'integer',
  type: 'text',
  v: 'integer',
  actor: 'text',
  occurred_at: 'time',
  recorded_at: 'time',
  message_id: 'text',
  message_seq: 'integer',
  user_id: 'text',
  text: 'text',
  emoji: 'text',
  data: 'json',
  event_id: 'text',
  command_id: 'text',
  correlation_id: 'text',
  causation_id: 'text',
};

/** Events as rows: `data` is all that an event says, the columns before it what is mostly asked for. */
export const EVENTS = table('events', { ...EVENT_COLUMNS, position: 'text' });
export const EVENTS_WITHOUT_POSITIONS = table('events', EVENT_COLUMNS);

type Line = ChatEvent & { position?: string; data: Record<string, unknown> };

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const integer = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** The row of a line of NDJSON. */
export function eventRow(line: string, { positions }: { positions: boolean }): Row {
  const event = JSON.parse(line) as Line;
  const { data } = event;
  const row = [
    event.chatId,
    event.seq,
    event.type,
    event.v,
    event.actor,
    Date.parse(event.at),
    Date.parse(event.recordedAt),
    text(data['messageId']),
    event.type === 'MessageSent' ? event.seq : integer(data['messageSeq']),
    text(data['userId']),
    text(data['text']) ?? text(data['title']),
    text(data['emoji']),
    JSON.stringify(data),
    event.eventId,
    event.commandId,
    event.correlationId,
    event.causationId ?? null,
  ];
  return positions ? [...row, text(event.position)] : row;
}

/** The chats as they stood, in the order of their ids. */
export const CHATS = table('chats', {
  chat_id: 'text',
  kind: 'text',
  title: 'text',
  history_visibility: 'text',
  past_content: 'text',
  member_count: 'integer',
  message_count: 'integer',
  seq: 'integer',
  started_at: 'time',
  occurred_at: 'time',
});
export const MEMBERS = table('members', {
  chat_id: 'text',
  user_id: 'text',
  role: 'text',
  since_seq: 'integer',
  occurred_at: 'time',
});
export const MESSAGES = table('messages', {
  chat_id: 'text',
  seq: 'integer',
  number: 'integer',
  message_id: 'text',
  sender_id: 'text',
  occurred_at: 'time',
  rev: 'integer',
  text: 'text',
  edited_at: 'time',
  deleted: 'boolean',
  withheld: 'text',
  reply_to_message_id: 'text',
  reply_to_seq: 'integer',
  mentions: 'json',
  files: 'json',
  origin: 'json',
});
export const REACTIONS = table('reactions', {
  chat_id: 'text',
  message_id: 'text',
  message_seq: 'integer',
  emoji: 'text',
  user_id: 'text',
  seq: 'integer',
  occurred_at: 'time',
});
export const STATE_TABLES = [CHATS, MEMBERS, MESSAGES, REACTIONS] as const;
