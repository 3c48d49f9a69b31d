import type { ChatEvent } from '../../events/chat.ts';

/** All that was decided of events: not where and when the log at hand recorded them. */
export const decided = (events: readonly ChatEvent[]): Omit<ChatEvent, 'position' | 'recordedAt'>[] =>
  events.map((event) => {
    const { position, recordedAt, ...rest } = event;
    if (position === '' || recordedAt === '')
      throw new Error(`event ${event.seq} says not where and when it was recorded`);
    return rest;
  });
