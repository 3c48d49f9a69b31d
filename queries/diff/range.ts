import type { ChatEvent } from '../../events/chat.ts';
import type { AsOf } from '../api.ts';

/** What both sides of a diff are: the points themselves, and the events that lie after `from` through `to`. */
export interface Range {
  from: AsOf;
  to: AsOf;
  events: readonly ChatEvent[];
}
