import { continuity } from '../events/chat-view.ts';

/** A chat's event that cannot follow what the view holds: embedded, a broken invariant of the log or of the view. */
export class OutOfOrder extends Error {
  readonly code = 'out-of-order';
  constructor(chatId: string, options: { held: number; came: number }) {
    super(`chat ${chatId}: seq ${options.came} cannot follow ${options.held}`);
    this.name = 'OutOfOrder';
  }
}

/** False for an event that the view holds already. */
export function isNext(held: number, event: { chatId: string; seq: number }): boolean {
  const found = continuity(held, event);
  if (found === 'gap') throw new OutOfOrder(event.chatId, { held, came: event.seq });
  return found === 'next';
}
