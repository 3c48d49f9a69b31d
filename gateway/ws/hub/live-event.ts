import type { Buffer } from 'node:buffer';
import type { ChatEvent } from '../../../events/chat.ts';
import { isHidden, type Sight, seenEvent } from '../../../queries/index.ts';
import { eventFrame } from '../frames.ts';

/**
 * A live event and the frames it becomes: one encoding for all who see all of it, one for those to whom it is hidden,
 * one for those who may not see the message it answers (PROTOCOL §3.2).
 */
export class LiveEvent {
  readonly event: ChatEvent;
  #full: Buffer | null = null;
  #hidden: Buffer | null = null;
  #unanswered: Buffer | null = null;

  constructor(event: ChatEvent) {
    this.event = event;
  }

  full(): Buffer {
    this.#full ??= eventFrame(this.event);
    return this.#full;
  }

  for(sight: Sight): Buffer | null {
    const seen = seenEvent(sight, this.event);
    if (seen === this.event) return this.full();
    if (seen === null) return null;
    if (isHidden(seen)) {
      this.#hidden ??= eventFrame(seen);
      return this.#hidden;
    }
    this.#unanswered ??= eventFrame(seen);
    return this.#unanswered;
  }
}
