import type { ChatEvent } from '../../events/chat.ts';
import type { AsOf } from '../api.ts';

/** What a diff reads at most, as JSON: the words of 10,000 events alone could be hundreds of mebibytes. */
export const DIFF_MAX_BYTES = 16_777_216;

/** Takes what was read from what one diff may read: false once it is more. */
export type Fits = (read: object) => boolean;

export function withinBytes(most: number): Fits {
  let left = most;
  return (read) => {
    left -= Buffer.byteLength(JSON.stringify(read));
    return left >= 0;
  };
}

/** What both sides of a diff are: the points themselves, and the events that lie after `from` through `to`. */
export interface Range {
  from: AsOf;
  to: AsOf;
  events: readonly ChatEvent[];
  fits: Fits;
}
