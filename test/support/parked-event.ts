import type { ParkedEvent } from '../../projections/parking/ports.ts';

/** A message that a view did not take. */
export const parkedEvent = (more: Partial<ParkedEvent> = {}): ParkedEvent => ({
  group: 'user-chats',
  partition: 0,
  key: 'a',
  stream: 'chat-a',
  revision: 7,
  position: 70,
  type: 'MessageSent',
  error: 'why not',
  ...more,
});
