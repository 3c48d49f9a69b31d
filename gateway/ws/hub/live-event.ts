import type { Buffer } from 'node:buffer';
import type { ChatEvent } from '../../../events/chat.ts';
import { eventFrame } from '../frames.ts';
import type { Membership, Span } from './room.ts';

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

  /** In a `since-join` chat. `spans` are known for every flow that is live there. */
  for(membership: Membership): Buffer {
    const spans = membership.spans ?? [];
    const { event } = this;
    switch (event.type) {
      case 'MessageEdited':
      case 'MessageDeleted':
      case 'ReactionAdded':
      case 'ReactionRemoved':
        return within(spans, event.data.messageSeq) ? this.full() : this.hidden();
      case 'MessageSent':
        return event.data.replyTo && !within(spans, event.data.replyTo.seq) ? this.unanswered() : this.full();
      default:
        return this.full();
    }
  }

  hidden(): Buffer {
    const { chatId, seq, position } = this.event;
    this.#hidden ??= eventFrame({ chatId, seq, throughSeq: seq, type: 'Hidden', position });
    return this.#hidden;
  }

  unanswered(): Buffer {
    this.#unanswered ??= eventFrame({ ...this.event, data: { ...this.event.data, replyTo: null } });
    return this.#unanswered;
  }
}

function within(spans: readonly Span[], seq: number): boolean {
  return spans.some((span) => seq >= span.from && (span.to === null || seq <= span.to));
}
