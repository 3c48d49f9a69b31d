import { withDeadline } from '../../../infra/system/deadline.ts';
import { createUlidFactory } from '../../../infra/system/ids.ts';
import type { Acked } from './ledger.ts';
import { ANSWER_WITHIN_MS, type Message, type Post } from './sending.ts';

/** When messages were first tried, by id: what everybody's waits are counted from. */
export type FirstTried = Map<string, number>;

export interface OutboxOptions {
  /** How to send at present; null where there is no way. */
  way(): Post | null;
  /** Of those at once; what has to be sent again waits behind them. */
  readonly inFlightMax: number;
  readonly firstTried: FirstTried;
  /** A message was refused for good. */
  refused(code: string): void;
}

const ulid = createUlidFactory();

/** What a client has to send: every message is sent until it is answered, each time under the same id. */
export class Outbox {
  readonly acked = new Map<string, Acked>();
  /** How often anything was sent. */
  tries = 0;
  /** The longest that an answer took from the first try, since this was last set to 0. */
  longestAckMs = 0;
  /** Whether it has less in flight where it is not served, and more as it is: one that sends much would else keep the servers down. */
  yields = false;
  private readonly options: OutboxOptions;
  private readonly open = new Map<string, Message>();
  private readonly inFlight = new Set<string>();
  /** When the latest of those was tried first that were answered. */
  private answeredOf = 0;
  private room = 1;
  /** Until then nothing is sent: the server asked for it. */
  private restUntil = 0;

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  get unanswered(): number {
    return this.open.size;
  }

  /** Whether everything that was tried before then (by `performance.now()`) is answered, and something tried after that. */
  answeredSince(then: number): boolean {
    const { firstTried } = this.options;
    return this.answeredOf > then && [...this.open.keys()].every((id) => (firstTried.get(id) ?? 0) > then);
  }

  add(chatId: string, text: string): void {
    const messageId = ulid();
    this.open.set(messageId, { chatId, messageId, text });
    this.options.firstTried.set(messageId, performance.now());
  }

  /** Sends what is open and not under way, as far as there is room. */
  send(): void {
    const post = this.options.way();
    if (!post || performance.now() < this.restUntil) return;
    const room = this.yields ? this.room : this.options.inFlightMax;
    for (const message of this.open.values()) {
      if (this.inFlight.size >= room) return;
      if (!this.inFlight.has(message.messageId)) void this.sendOnce(post, message);
    }
  }

  private async sendOnce(post: Post, message: Message): Promise<void> {
    const { messageId, chatId } = message;
    this.inFlight.add(messageId);
    this.tries++;
    try {
      const outcome = await withDeadline(post(message), ANSWER_WITHIN_MS, () => new Error('no answer'));
      if ('seq' in outcome) this.answered(messageId, { chatId, seq: outcome.seq });
      else if ('againAfterMs' in outcome) this.notServed(outcome.againAfterMs);
      else {
        this.open.delete(messageId);
        this.options.refused(outcome.refused);
      }
    } catch {
      this.notServed(0); // cut, silent, or nobody there: it stays open and is sent again
    } finally {
      this.inFlight.delete(messageId);
    }
  }

  private notServed(againAfterMs: number): void {
    this.restUntil = Math.max(this.restUntil, performance.now() + againAfterMs);
    this.room = Math.max(1, Math.floor(this.room / 2));
  }

  private answered(messageId: string, acked: Acked): void {
    this.room = Math.min(this.options.inFlightMax, this.room + 1);
    this.open.delete(messageId);
    this.acked.set(messageId, acked);
    const tried = this.options.firstTried.get(messageId) ?? 0;
    this.answeredOf = Math.max(this.answeredOf, tried);
    this.longestAckMs = Math.max(this.longestAckMs, performance.now() - tried);
  }
}
