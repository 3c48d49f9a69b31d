import { continuity } from '../events/chat-view.ts';

/**
 * A chat's event that cannot follow what the view holds: embedded, a broken invariant of the log or of the view; in a
 * cluster the view may have lost what it held, and the stream has it.
 */
export class OutOfOrder extends Error {
  readonly code = 'out-of-order';
  readonly chatId: string;
  readonly held: number;
  readonly came: number;
  constructor(chatId: string, { held, came }: { held: number; came: number }) {
    super(`chat ${chatId}: seq ${came} cannot follow ${held}`);
    this.name = 'OutOfOrder';
    this.chatId = chatId;
    this.held = held;
    this.came = came;
  }
}

/** False for an event that the view holds already. */
export function isNext(held: number, event: { chatId: string; seq: number }): boolean {
  const found = continuity(held, event);
  if (found === 'gap') throw new OutOfOrder(event.chatId, { held, came: event.seq });
  return found === 'next';
}
