import type { ChatEvent } from '../../events/chat.ts';
import { applyEvent, type ChatView, emptyChat } from '../../events/chat-view.ts';
import type { ChatId } from '../../events/ids.ts';
import { parsePosition } from '../../events/position.ts';
import type { UserRow } from '../../queries/users/view.ts';

/** What the naive readers fold over: the log, and how far the views have come in it. */
export interface NaiveState {
  log: ChatEvent[];
  marks: Map<string, { readSeq: number; deliveredSeq: number }>;
  users: UserRow[];
  heldAt: number | null;
  lagMs: number;
}

export const positionOf = (event: ChatEvent): number => parsePosition(event.position)?.position ?? 0;

/** A chat's events through a seq: as far as the views hold them, or all of the log's. */
export const eventsOf = (
  state: NaiveState,
  chatId: ChatId,
  of: { through?: number; log?: boolean } = {},
): ChatEvent[] =>
  state.log.filter(
    (event) =>
      event.chatId === chatId &&
      event.seq <= (of.through ?? Number.POSITIVE_INFINITY) &&
      (of.log === true || state.heldAt === null || positionOf(event) <= state.heldAt),
  );

export const foldOf = (chatId: ChatId, events: readonly ChatEvent[]): ChatView =>
  events.reduce((view, event) => applyEvent(view, event), emptyChat(chatId));
