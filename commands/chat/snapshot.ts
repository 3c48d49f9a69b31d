import type { UserId } from '../../events/ids.ts';
import { type ChatState, emptyState, type Head, type Member } from './state.ts';

/** The core of a chat as JSON: all but the recent ids and the messages, which are read from the stream again. */
interface Stored {
  v: number;
  head: Head;
  members: [UserId, Member][];
  sent: [UserId, number][];
  horizon: string;
  fromSeq: number;
}

/** Raised with every change of the form or the meaning: older ones are then left aside. */
const VERSION = 1;
const SNAPSHOT_EVERY_EVENTS = 1_000;

/** A snapshot costs as much as there are members, so it comes the more seldom. */
export const snapshotDue = (state: ChatState, lastSeq: number): boolean =>
  state.head.seq - lastSeq >= SNAPSHOT_EVERY_EVENTS + state.members.size;

export function encodeSnapshot(state: ChatState): string {
  const { horizon, fromSeq } = state.ids;
  const members = [...state.members];
  const sent = [...state.sent];
  return JSON.stringify({ v: VERSION, head: state.head, members, sent, horizon, fromSeq } satisfies Stored);
}

/** The state with no ids and messages yet; null where the text is of another version. */
export function decodeSnapshot(chatId: string, text: string): ChatState | null {
  const stored = JSON.parse(text) as Stored;
  if (stored.v !== VERSION) return null;
  const state = emptyState(chatId);
  state.head = stored.head;
  for (const [userId, member] of stored.members) state.members.set(userId, member);
  for (const [userId, seq] of stored.sent) state.sent.set(userId, seq);
  state.ids.horizon = stored.horizon;
  state.ids.fromSeq = stored.fromSeq;
  return state;
}
